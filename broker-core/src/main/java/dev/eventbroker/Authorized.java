package dev.eventbroker;

import static java.util.Objects.requireNonNull;

/**
 * Proof that somebody was let in, with the value that proved it: the row that was loaded for the
 * access check, for instance. A subscription is made from this and never from a bare id, so nothing
 * is looked up twice, and there is something to show when the snapshot can't be loaded.
 *
 * @param principal who it is, as audiences name them
 * @param value what was loaded while deciding
 */
public record Authorized<T>(String principal, T value) {

  /** Throws {@link NullPointerException} for a missing part. */
  public Authorized {
    requireNonNull(principal, "principal");
    requireNonNull(value, "value");
  }

  /** Proof without a value, for subscriptions without a snapshot. */
  public static Authorized<String> principal(String principal) {
    return new Authorized<>(principal, principal);
  }
}
