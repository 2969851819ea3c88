package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What happens to a subscription that has fallen too far behind: the log has moved past it, or it
 * lags further behind than a bound of this policy. The constants have no bound but the log's own;
 * {@code LagPolicy.DISCONNECT.maxAge(Duration.ofSeconds(10))} is one that has.
 *
 * <p>A lag is what has entered the log since the subscription was armed and was not read for it
 * because its subscriber was not {@link Subscriber#ready}. What a resumed run has to catch up with
 * does not count, so a client that comes back from far is not sent away for it. A lag is looked at
 * when the subscriber wakes; where the policy is to disconnect, once a second as well.
 *
 * @param kind what happens
 * @param maxEvents how many entries of the log a subscription may lag behind, whether they are for
 *     it or not
 * @param maxBytes how many bytes of the log, estimated as for the log's own bound; a lag of one
 *     entry is within it, however large the entry
 * @param maxAge how old the oldest entry may be that it has not read, by the clock that gave events
 *     their time: the broker's, or the database's behind a backplane
 */
public record LagPolicy(
    Kind kind, OptionalLong maxEvents, OptionalLong maxBytes, Optional<Duration> maxAge) {

  /**
   * The subscriber is told a gap, gets a fresh snapshot if it has a {@link SnapshotSource}, and
   * goes on from now. The default.
   */
  public static final LagPolicy RESYNC = unbounded(Kind.RESYNC);

  /**
   * The subscription is closed with {@link CloseReason#SLOW}; its client comes back with its last
   * id.
   */
  public static final LagPolicy DISCONNECT = unbounded(Kind.DISCONNECT);

  /**
   * A subscriber that was not ready gets the latest event per topic and key of what it has missed:
   * an event is left out if one with the same topic and key, which this subscriber may see as well,
   * follows before the place up to which it catches up. Events without a key are all delivered. At
   * most a thousand keys are looked ahead for at a time, so with more of them there may be more
   * than one event of a key.
   *
   * <p>What the log, or a bound, has gone past is told as a gap that ends where the rest begins,
   * and the rest is delivered, conflated. So a bound says how much of the past a slow subscriber is
   * still interested in. There is no fresh snapshot.
   */
  public static final LagPolicy CONFLATE = unbounded(Kind.CONFLATE);

  /** What happens. */
  public enum Kind {
    /** See {@link LagPolicy#RESYNC}. */
    RESYNC,
    /** See {@link LagPolicy#DISCONNECT}. */
    DISCONNECT,
    /** See {@link LagPolicy#CONFLATE}. */
    CONFLATE
  }

  /**
   * Throws {@link NullPointerException} for a missing part.
   *
   * @throws IllegalArgumentException if a bound is not positive
   */
  public LagPolicy {
    requireNonNull(kind, "kind");
    maxEvents.ifPresent(events -> requirePositive("maxEvents", events));
    maxBytes.ifPresent(bytes -> requirePositive("maxBytes", bytes));
    maxAge.ifPresent(LagPolicy::requirePositive);
  }

  private static LagPolicy unbounded(Kind kind) {
    return new LagPolicy(kind, OptionalLong.empty(), OptionalLong.empty(), Optional.empty());
  }

  /**
   * The same policy with a bound in entries of the log.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public LagPolicy maxEvents(long events) {
    return new LagPolicy(kind, OptionalLong.of(events), maxBytes, maxAge);
  }

  /**
   * The same policy with a bound in bytes of the log.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public LagPolicy maxBytes(long bytes) {
    return new LagPolicy(kind, maxEvents, OptionalLong.of(bytes), maxAge);
  }

  /**
   * The same policy with a bound on the age of what was not read.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public LagPolicy maxAge(Duration age) {
    return new LagPolicy(kind, maxEvents, maxBytes, Optional.of(age));
  }

  /** Whether it has a bound of its own, beside the log's. */
  public boolean isBounded() {
    return maxEvents.isPresent() || maxBytes.isPresent() || maxAge.isPresent();
  }

  private static void requirePositive(String what, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
    }
  }

  private static void requirePositive(Duration age) {
    if (age.isNegative() || age.isZero()) {
      throw new IllegalArgumentException("maxAge: " + age + " (expected: > 0)");
    }
  }
}
