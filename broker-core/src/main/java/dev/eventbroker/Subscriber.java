package dev.eventbroker;

/**
 * Receives a contiguous run of events, or a gap that says where the run was broken.
 *
 * <p>All methods are called on the subscription's lane, one after another, and must not block: a
 * lane serves many subscribers. What throws is closed with {@link CloseReason#FAILED}; no other
 * subscriber notices.
 *
 * <p>The order is: a gap if the run could not start where it was asked to, a snapshot if there is
 * one, {@link #onStart}, then events and gaps, each batch followed by {@link #onBatchEnd}, and
 * {@link #onClose} last.
 */
public interface Subscriber {

  /**
   * Whether one more event can be taken. While it answers false nothing is delivered and nothing is
   * queued: the subscription just remembers its place. Whoever answers false calls {@link
   * Subscription#wake} later. Asked before each event and each gap on the way; the handshake, up to
   * {@link #onStart}, is not held back.
   */
  default boolean ready() {
    return true;
  }

  /**
   * The state that the run starts from.
   *
   * @param cursor the place in the log from which a client resumes after it has this snapshot
   */
  default void onSnapshot(Snapshot snapshot, EventId cursor) {}

  /**
   * The handshake is over and events follow.
   *
   * @param cursor everything up to here is settled: delivered, part of the snapshot, told as a gap,
   *     or before the time of this subscriber
   */
  default void onStart(EventId cursor) {}

  /** The next event of the run. */
  void onEvent(Delivery delivery);

  /** The run is broken here; it goes on after {@link Gap#to}. */
  void onGap(Gap gap);

  /** There is nothing more at the moment: the time to flush. */
  default void onBatchEnd() {}

  /**
   * Nothing is delivered any more. Called exactly once; on the lane, or on a thread of the broker
   * if the lane's executor takes no more tasks.
   */
  default void onClose(CloseReason reason) {}
}
