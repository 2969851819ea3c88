package dev.eventbroker.engine;

import java.util.List;

/** All subscriptions of a broker. Safe for several threads. */
final class Subscriptions {

  private final Roster<LaneSubscription> open =
      new Roster<>(
          subscription -> subscription.seatInBroker,
          (subscription, seat) -> subscription.seatInBroker = seat); // guarded by this

  synchronized void add(LaneSubscription subscription) {
    open.add(subscription);
  }

  synchronized void remove(LaneSubscription subscription) {
    open.remove(subscription);
  }

  /** Those of now: a copy, for what is done with each of them may end it. */
  synchronized List<LaneSubscription> all() {
    return open.copy();
  }
}
