package dev.eventbroker.engine;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.Subscriber;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls a subscriber. What it throws, of whatever kind, ends its own subscription and goes no
 * further: in the midst of a batch it would take the others of the lane with it. Once its
 * subscription is closing it is called no more, but for its end.
 */
final class GuardedSubscriber {

  private static final Logger log = LoggerFactory.getLogger(GuardedSubscriber.class);

  private final Rider subscription;
  private final Subscriber subscriber;
  private boolean calledSinceBatchEnd;

  GuardedSubscriber(Rider subscription, Subscriber subscriber) {
    this.subscription = subscription;
    this.subscriber = subscriber;
  }

  /** The subscriber, to be named in a report and not to be called. */
  Object itself() {
    return subscriber;
  }

  /** Whether it takes something now; false also if asking ended its subscription. */
  boolean isReady() {
    return !subscription.isClosing() && test(subscriber::ready) && !subscription.isClosing();
  }

  /** With a snapshot that is made when it is called, by code that came with the subscriber. */
  boolean snapshot(Supplier<Snapshot> snapshot, EventId cursor) {
    return call(
        () -> {
          Snapshot made = snapshot.get();
          if (!subscription.isClosing()) { // who makes it may close its subscription
            subscriber.onSnapshot(made, cursor);
          }
        });
  }

  boolean start(EventId cursor) {
    return call(() -> subscriber.onStart(cursor));
  }

  boolean gap(Gap gap) {
    return call(() -> subscriber.onGap(gap));
  }

  /**
   * Gives it the first events of an array, as long as it is ready for them and its subscription is
   * not closing: the hot path, so the loop has nothing in it that can be asked outside.
   *
   * @return how many it took
   */
  int events(Delivery[] events, int count) {
    Rider reading = subscription;
    Subscriber target = subscriber;
    int taken = 0;
    try {
      while (taken < count && !reading.isClosing()) {
        if (!target.ready() || reading.isClosing()) {
          break;
        }
        target.onEvent(events[taken]);
        taken++;
      }
    } catch (Throwable e) {
      failed(e);
    }
    calledSinceBatchEnd |= taken > 0;
    return taken;
  }

  /** Gives it an event if it is ready for it: false if it was not, or is closing. */
  boolean event(Delivery delivery) {
    if (subscription.isClosing()) {
      return false;
    }
    try {
      if (!subscriber.ready() || subscription.isClosing()) {
        return false;
      }
      calledSinceBatchEnd = true;
      subscriber.onEvent(delivery);
      return true;
    } catch (Throwable e) {
      failed(e);
      return false;
    }
  }

  /** Says that there is nothing more, if there was something since the last time. */
  void batchEnd() {
    if (calledSinceBatchEnd && call(subscriber::onBatchEnd)) {
      calledSinceBatchEnd = false;
    }
  }

  void closed(CloseReason reason) {
    try {
      subscriber.onClose(reason);
    } catch (Throwable e) {
      log.warn("a subscriber threw while it was closed: {}", subscriber, e);
    }
  }

  /** Whether the call was made and came back: false if it did not get it, for it is closing. */
  private boolean call(Runnable call) {
    if (subscription.isClosing()) {
      return false;
    }
    calledSinceBatchEnd = true;
    try {
      call.run();
      return true;
    } catch (Throwable e) {
      failed(e);
      return false;
    }
  }

  /** The answer of code that came with the subscriber; false if it threw. */
  boolean test(BooleanSupplier test) {
    try {
      return test.getAsBoolean();
    } catch (Throwable e) {
      failed(e);
      return false;
    }
  }

  private void failed(Throwable cause) {
    log.warn(
        "closing the subscription of {}, which threw: {}",
        subscription.principal(),
        subscriber,
        cause);
    subscription.failed();
  }
}
