package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Proof that somebody was let in, with the value that proved it: the row that was loaded for the
 * access check, for instance. A subscription is made from this and never from a bare id, so nothing
 * is looked up twice, and there is something to show when the snapshot can't be loaded.
 *
 * @param principal who it is, as audiences name them
 * @param value what was loaded while deciding
 * @param asOf the broker's cursor from before the deciding began: a {@link Revocation} that came
 *     after it may not have been seen by the decision, and so still applies. Empty: the decision
 *     counts as made at the moment of subscribing, and a revocation between the two is not noticed.
 */
public record Authorized<T>(String principal, T value, Optional<EventId> asOf) {

  /** Throws {@link NullPointerException} for a missing part. */
  public Authorized {
    requireNonNull(principal, "principal");
    requireNonNull(value, "value");
    requireNonNull(asOf, "asOf");
  }

  /** Proof that is given at the moment of subscribing. */
  public Authorized(String principal, T value) {
    this(principal, value, Optional.empty());
  }

  /** Proof without a value, for subscriptions without a snapshot. */
  public static Authorized<String> principal(String principal) {
    return new Authorized<>(principal, principal);
  }

  /** The same proof, with what {@link Broker#cursor} was before the deciding began. */
  public Authorized<T> asOf(EventId cursor) {
    return new Authorized<>(principal, value, Optional.of(cursor));
  }
}
