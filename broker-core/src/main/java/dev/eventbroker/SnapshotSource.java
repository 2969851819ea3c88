package dev.eventbroker;

import java.time.Duration;

/**
 * Loads the state that a subscription starts from. It is asked only after the subscription is
 * armed, so nothing that is published while it loads gets lost.
 *
 * <p>If the log is so busy that it has moved past the armed place by the time the state is loaded,
 * the subscriber is told a gap and the state is loaded once more. A subscription whose third load
 * in a row is overtaken is closed with {@link CloseReason#SLOW}, as it is at the first if its
 * policy is {@link LagPolicy#DISCONNECT}.
 *
 * @param <T> the value that proved the subscriber's right
 */
public interface SnapshotSource<T> {

  /**
   * The state as it is now. Runs on a thread of the broker's own, which may block, and which is
   * interrupted when the time is up.
   *
   * @param authorized the value that proved the subscriber's right
   * @param timeout how long the subscriber waits for it
   * @throws Exception if it can't be loaded; the subscription then starts from {@link #fallback}
   */
  Snapshot load(T authorized, Duration timeout) throws Exception;

  /**
   * What to start from when the state could not be loaded in time: made from the authorised value
   * alone. Runs on the subscription's lane and must not block.
   */
  Snapshot fallback(T authorized);
}
