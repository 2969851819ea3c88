package dev.eventbroker.pg;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One subscription on one node, which writes down everything that it is told. */
final class SeenHistory implements Subscriber {

  /** What it was told, in order. */
  sealed interface Told {

    /** The run starts after that place. */
    record Start(EventId cursor) implements Told {}

    /** An event. */
    record Seen(Optional<EventId> id, String topic, String data) implements Told {}

    /** The run is broken. */
    record Broken(Gap gap) implements Told {}
  }

  final String name;
  final TopicFilter filter;
  final Optional<EventId> asked;

  // Guarded by this.
  private final List<Told> told = new ArrayList<>();
  private Optional<EventId> place;
  private boolean over;

  SeenHistory(String name, TopicFilter filter, Optional<EventId> asked) {
    this.name = name;
    this.filter = filter;
    this.asked = asked;
    this.place = asked;
  }

  @Override
  public synchronized void onStart(EventId cursor) {
    told.add(new Told.Start(cursor));
    place = Optional.of(cursor);
  }

  @Override
  public synchronized void onEvent(Delivery delivery) {
    told.add(
        new Told.Seen(delivery.id(), delivery.event().topic().toString(), delivery.event().data()));
    place = Optional.of(delivery.cursor());
  }

  @Override
  public synchronized void onGap(Gap gap) {
    told.add(new Told.Broken(gap));
    place = Optional.of(gap.to());
  }

  @Override
  public synchronized void onClose(CloseReason reason) {
    over = true;
  }

  synchronized List<Told> told() {
    return List.copyOf(told);
  }

  /** From where a client that was told all this would resume. */
  synchronized Optional<EventId> place() {
    return place;
  }

  synchronized boolean isOver() {
    return over;
  }

  @Override
  public String toString() {
    return name + " on " + filter + " after " + asked + ": " + told();
  }
}
