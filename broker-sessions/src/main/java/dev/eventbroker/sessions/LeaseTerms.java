package dev.eventbroker.sessions;

import java.time.Duration;

/**
 * How long a session lasts without a sign of life.
 *
 * @param timeout a session that was not touched for so long has expired
 * @param outage no touch by any node for longer than this means that the store or all nodes were
 *     away, not the clients: nobody expires then before having had a full timeout to come back
 */
public record LeaseTerms(Duration timeout, Duration outage) {

  /** Longest time of either: no clock overflows by it, and no lock should last so long. */
  public static final Duration MAX = Duration.ofDays(365);

  /**
   * @throws IllegalArgumentException if one is not positive, or longer than {@link #MAX}
   */
  public LeaseTerms {
    require("timeout", timeout);
    require("outage", outage);
  }

  private static void require(String what, Duration value) {
    if (value.isNegative() || value.isZero() || value.compareTo(MAX) > 0) {
      throw new IllegalArgumentException(
          what + ": " + value + " (expected: > 0 and <= " + MAX + ")");
    }
  }
}
