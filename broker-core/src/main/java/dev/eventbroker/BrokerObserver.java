package dev.eventbroker;

import java.time.Duration;
import java.util.Optional;

/**
 * Hears of what a person wants to count or to be woken for. Called on the thread where it happens,
 * so nothing here may block; what throws is logged, and nothing else changes.
 */
public interface BrokerObserver {

  /** A subscriber of that principal was told a gap. */
  default void gap(String principal, Gap gap) {}

  /** A subscription of that principal ended. */
  default void subscriptionClosed(String principal, CloseReason reason) {}

  /** A snapshot could not be loaded in time, and the authorised value was used. */
  default void snapshotFallback(String principal, Throwable cause) {}

  /**
   * A lane makes no progress: the subscriptions on it wait. Told once per blockage, on the broker's
   * timer.
   *
   * @param lane the name of the thread that is blocked, or what its executor calls itself
   * @param principal whose subscriber blocks it; empty if the lane waits for its executor, which is
   *     busy with something else, or is not in a subscriber
   * @param lasted for how long at least
   */
  default void laneBlocked(String lane, Optional<String> principal, Duration lasted) {}

  /** A detached task failed or was refused. */
  default void detachedFailed(Topic topic, Throwable cause) {}
}
