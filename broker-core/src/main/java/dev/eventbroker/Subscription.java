package dev.eventbroker;

/**
 * A subscriber's place in the log.
 *
 * <pre>
 *            no snapshot asked for, or resumed by id
 *           ┌──────────────────────────────────────┐
 *   ARMED ──┴──► SNAPSHOT ────────────────────────► BACKLOG ──────────► LIVE
 *                   ▲                                 │  ▲  not ready     │ not ready
 *                   │   the log has moved past it     ▼  │ wake           ▼
 *                   └─────────────────────────────── PAUSED ◄─────────────┘
 *
 *   every state ──► CLOSED
 * </pre>
 */
public interface Subscription extends AutoCloseable {

  /** Where a subscription is in its life. */
  enum State {
    /**
     * It has its place in the log, so nothing is missed from here, and waits to be attached to its
     * lane.
     */
    ARMED,
    /** Its snapshot is being loaded. */
    SNAPSHOT,
    /** It reads what the log has kept for it. */
    BACKLOG,
    /** It gets events as they are published. */
    LIVE,
    /** Its subscriber was not ready; it is just a remembered place. */
    PAUSED,
    /** It is over. */
    CLOSED
  }

  /** Where it is in its life, as last seen from the calling thread. */
  State state();

  /**
   * The place up to which everything was delivered or does not concern this subscriber: what its
   * client can resume from. Exact on the lane, and a little old elsewhere.
   */
  EventId cursor();

  /**
   * Says that a subscriber that was not {@link Subscriber#ready} is ready again. Any thread, any
   * number of times.
   */
  void wake();

  /**
   * Ends it with that reason. Any thread; only the first call counts. {@link Subscriber#onClose}
   * follows on the lane.
   */
  void close(CloseReason reason);

  /**
   * Ends it with {@link CloseReason#UNSUBSCRIBED}. When called on the lane, nothing more is
   * delivered afterwards.
   */
  @Override
  default void close() {
    close(CloseReason.UNSUBSCRIBED);
  }
}
