package dev.eventbroker;

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

  /** A detached task failed or was refused. */
  default void detachedFailed(Topic topic, Throwable cause) {}

  /** A message of a transaction that was committed could not be published. */
  default void deferredFailed(Message message, Throwable cause) {}
}
