package dev.eventbroker;

import java.time.Duration;
import java.util.Optional;

/**
 * Hears of what a person wants to count or to be woken for. Every call does nothing unless it is
 * overridden, and comes on the thread where the thing happens, which each of them names: nothing
 * here may block, and calls come from several threads at once. What throws is logged, and nothing
 * else changes.
 *
 * <p>Whatever is told here is counted in {@link BrokerStats} before, so an observer that only
 * counts is not needed.
 */
public interface BrokerObserver {

  /**
   * A client has come. On the thread that opened the connection, an event loop for instance, before
   * any {@link ConnectionListener} hears of it.
   */
  default void connectionOpened(Connection connection) {}

  /**
   * A client was refused because its principal has as many connections as one may have. On the
   * thread that tried to open it.
   */
  default void connectionRefused(String principal) {}

  /**
   * A client has gone. After {@link #connectionOpened} for the same connection has returned, on the
   * thread that closed the connection, or that opened it if it was closed before it was open.
   */
  default void connectionClosed(Connection connection, CloseReason reason) {}

  /** A subscription of that principal has its place in the log. On the thread that subscribes. */
  default void subscriptionOpened(String principal) {}

  /**
   * A subscription of that principal ended. On its lane, or where the lane is gone on a thread of
   * the broker; after {@link #subscriptionOpened} has returned.
   */
  default void subscriptionClosed(String principal, CloseReason reason) {}

  /** A snapshot came in time, after that long. On a thread of the broker that loads snapshots. */
  default void snapshotLoaded(String principal, Duration took) {}

  /**
   * A snapshot could not be loaded in time, and the authorised value was used. On a thread that
   * loads snapshots, on the timer's, or on the lane.
   */
  default void snapshotFallback(String principal, Throwable cause) {}

  /** A subscriber of that principal is told a gap. On its lane. */
  default void gap(String principal, Gap gap) {}

  /**
   * A batch has reached every subscriber of a lane that it is for, each of them having had its
   * batch end. On the lane, once per batch: the one call of this interface that comes at the rate
   * of events.
   *
   * @param events how many entries of the log the batch had
   * @param sincePublish the time since the oldest of them was published, see {@link
   *     BrokerStats.FlushStats}
   */
  default void batchFlushed(int events, Duration sincePublish) {}

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

  /** A detached task failed or was refused. On the thread that ran or submitted it. */
  default void detachedFailed(Topic topic, Throwable cause) {}

  /**
   * That many detached tasks were left undone, for the broker closed before they were finished. On
   * the thread that closes the broker; at most once, and never with 0.
   */
  default void detachedAbandoned(long tasks) {}

  /**
   * A source, or the backplane, is in another state than when it was looked at before: at its
   * start, when it said so ({@link Inbound#statusChanged}), with each heartbeat, and at its close.
   * On the broker's timer, or on the thread that starts or closes the source. A state that came and
   * went between two looks is not told.
   */
  default void sourceChanged(SourceStatus status) {}

  /**
   * A message of a transaction that was committed could not be published. On the thread that
   * committed, or on the one that completed the publish.
   */
  default void deferredFailed(Message message, Throwable cause) {}
}
