package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Delivery;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;

/** Counts events, and takes no gap. On one lane. */
final class Counter implements Subscriber {

  private long events;

  @Override
  public void onEvent(Delivery delivery) {
    events++;
  }

  @Override
  public void onGap(Gap gap) {
    throw new IllegalStateException("lost events: " + gap);
  }

  /** How many so far. On its lane. */
  long events() {
    return events;
  }

  /**
   * @throws IllegalStateException if it has counted nothing
   */
  void requireSome() {
    if (events == 0) {
      throw new IllegalStateException("events: 0 (expected: some)");
    }
  }
}
