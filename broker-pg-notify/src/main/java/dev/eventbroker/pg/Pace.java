package dev.eventbroker.pg;

import java.time.Duration;

/**
 * When the next round may begin. A round costs the server about the same for one event as for
 * twenty, and each one wakes every node. So where events come faster than rounds, the rounds keep a
 * distance, and each takes what has come meanwhile; a lone event never waits.
 *
 * <p>The worker's thread.
 */
final class Pace {

  /**
   * From the beginning of one round to that of the next: at thousands of transactions a second a
   * round then takes tens of events, and nobody notices that much later.
   */
  static final Duration DISTANCE = Duration.ofMillis(4);

  private long begunAt;
  private boolean isDense;

  /** A round begins. */
  void begin(long now) {
    begunAt = now;
    isDense = false;
  }

  /** The round that has begun found that many events. */
  void found(long events) {
    isDense = events > 1;
  }

  /** For how long the next round has to wait; zero or less if it has not. */
  long nanosLeft(long now) {
    return isDense ? DISTANCE.toNanos() - (now - begunAt) : 0;
  }
}
