package dev.eventbroker.pg;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next attempt: anything from nothing up to a bound that doubles with
 * each failure (full jitter), so that nodes that lost the same database don't come back as one.
 *
 * @param first the bound after the first failure
 * @param longest the bound never grows beyond this
 */
record Backoff(Duration first, Duration longest) {

  /** Doubled more often, any bound has been reached. */
  private static final int MAX_DOUBLINGS = 30;

  /** The wait after that many failures in a row, in nanoseconds. */
  long nanosAfter(int failures, RandomGenerator random) {
    int doublings = Math.min(failures - 1, MAX_DOUBLINGS);
    double bound =
        Math.min((double) longest.toNanos(), (double) first.toNanos() * Math.pow(2, doublings));
    return (long) (bound * random.nextDouble());
  }
}
