package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often, and how long after a failure, a detached task is tried again. Each wait is drawn at
 * random between nothing and a ceiling that doubles from {@code firstDelay} to {@code maxDelay}, so
 * that tasks which failed together do not come back together.
 *
 * @param attempts how often it is tried in all: 1 (never again) to {@value #MAX_ATTEMPTS}
 * @param firstDelay the ceiling of the wait after the first failure; more than nothing
 * @param maxDelay what the ceiling never exceeds: from {@code firstDelay} to one hour
 */
public record Retry(int attempts, Duration firstDelay, Duration maxDelay) {

  /** What fails that often is not a passing failure. */
  public static final int MAX_ATTEMPTS = 100;

  /** A task that waits holds up its topic; news from an hour ago is none. */
  public static final Duration LONGEST_DELAY = Duration.ofHours(1);

  /**
   * Bridges the restart or the change-over of a database: six seconds on average, twelve at most.
   */
  public static final Retry DEFAULT = new Retry(8, Duration.ofMillis(100), Duration.ofSeconds(5));

  /**
   * Checks its bounds.
   *
   * @throws IllegalArgumentException if one is not as said
   */
  public Retry {
    requireNonNull(firstDelay, "firstDelay");
    requireNonNull(maxDelay, "maxDelay");
    if (attempts < 1 || attempts > MAX_ATTEMPTS) {
      throw new IllegalArgumentException(
          "attempts: " + attempts + " (expected: 1 to " + MAX_ATTEMPTS + ")");
    }
    if (firstDelay.isNegative() || firstDelay.isZero()) {
      throw new IllegalArgumentException("firstDelay: " + firstDelay + " (expected: > 0)");
    }
    if (maxDelay.compareTo(firstDelay) < 0 || maxDelay.compareTo(LONGEST_DELAY) > 0) {
      throw new IllegalArgumentException(
          "maxDelay: " + maxDelay + " (expected: " + firstDelay + " to " + LONGEST_DELAY + ")");
    }
  }

  /**
   * How long to wait after that many failures.
   *
   * @param failures at least 1
   * @return from nothing to the ceiling
   */
  public Duration delayAfter(int failures, RandomGenerator random) {
    long most = maxDelay.toNanos();
    long ceiling = firstDelay.toNanos();
    for (int i = 1; i < failures && ceiling < most; i++) {
      ceiling *= 2;
    }
    return Duration.ofNanos(random.nextLong(Math.min(ceiling, most) + 1));
  }

  /**
   * Whether trying again may help: not where an argument is wrong, the broker is closed, or the JVM
   * itself gave up.
   */
  public static boolean mayHelp(Throwable failure) {
    return !(failure instanceof IllegalArgumentException
        || failure instanceof BrokerException.Closed
        || failure instanceof Error);
  }
}
