package dev.eventbroker.engine;

import dev.eventbroker.Authorized;
import dev.eventbroker.CloseReason;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.HistoryChecker;
import dev.eventbroker.testing.HistoryRecorder;
import dev.eventbroker.testing.PublishedHistory;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** One subscription of a simulation: what it asked for, its subscriber, and who watches it. */
final class SimulatedLife extends HistoryRecorder {

  private static final int UNLIMITED = Integer.MAX_VALUE;

  final int number;
  final SubscribeRequest request;
  final HistoryChecker checker;
  final SimulatedLane lane;
  private final BiConsumer<SimulatedLife, Told> whatItDoes;
  private Optional<Subscription> subscription = Optional.empty();
  private Optional<CloseReason> closedWith = Optional.empty();
  private int credit = UNLIMITED;

  /** It became ready, and has not said so yet. */
  private boolean owesWake;

  SimulatedLife(
      int number,
      SubscribeRequest request,
      SimulatedLane lane,
      PublishedHistory published,
      BiConsumer<SimulatedLife, Told> whatItDoes) {
    this.number = number;
    this.request = request;
    this.lane = lane;
    this.checker = new HistoryChecker(published, request);
    this.whatItDoes = whatItDoes;
  }

  void begin(Subscription mine) {
    subscription = Optional.of(mine);
  }

  Subscription subscription() {
    return subscription.orElseThrow();
  }

  boolean isOpen() {
    return !closed().isDone();
  }

  /** What it was closed with by the simulation; empty if the broker ended it. */
  Optional<CloseReason> closedWith() {
    return closedWith;
  }

  void close(CloseReason reason) {
    // The subscription may not be known yet to one that is told something before subscribe returned
    subscription.ifPresent(
        mine -> {
          if (mine.state() != Subscription.State.CLOSED) {
            closedWith = Optional.of(reason);
          }
          mine.close(reason);
        });
  }

  /** The checker learns of it where the broker says that it is done: on the lane. */
  void widen(Authorized<String> by, List<TopicFilter> more) {
    var unused =
        subscription().widen(by, more).thenAccept(place -> checker.widened(more, by.asOf()));
  }

  // ---- Readiness: so many events, then not ready, as a socket's buffer

  void takeAtMost(int events) {
    credit = events;
    ready(events > 0);
  }

  void takeMore(int events) {
    credit = events;
    owesWake |= !ready();
    ready(true);
  }

  void takeEverything() {
    takeMore(UNLIMITED);
  }

  boolean owesWake() {
    return owesWake;
  }

  void wake() {
    owesWake = false;
    subscription().wake();
  }

  @Override
  protected void after(Told told) {
    checker.told(told);
    if (told instanceof Told.Delivered && credit != UNLIMITED) {
      credit--;
      ready(credit > 0);
    }
    whatItDoes.accept(this, told);
  }

  @Override
  public String toString() {
    return "s" + number;
  }
}
