package dev.eventbroker;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A subscriber's place in the log.
 *
 * <pre>
 *            no snapshot asked for, or resumed by id
 *           ┌───────────────────────────────────────────┐
 *   ARMED ──┴─► SNAPSHOT ─────────────────────────────► BACKLOG ─────────────► LIVE
 *                 ▲  │ ▲ the log has moved past it       │  ▲  ▲  not ready     │ │
 *                 │  └─┘ (twice at most)                 ▼  │wake              │ │
 *                 │                                     PAUSED ◄───────────────┘ │
 *                 │                                      │    │ bytes, events    │
 *                 │   the log has moved past it          │    │ or age           │
 *                 │                                      ▼    ▼                  ▼
 *                 └── RESYNC with a snapshot ──────── fallen too far behind
 *                     RESYNC without one, CONFLATE ─► BACKLOG, after a gap
 *                     DISCONNECT ───────────────────► CLOSED
 *
 *   widen:      every state but CLOSED stays as it is
 *   revocation: ARMED and SNAPSHOT ─► CLOSED if the snapshot's right is gone;
 *               BACKLOG, PAUSED and LIVE stay, or ─► CLOSED if nothing is left
 *   every state ──► CLOSED: closed by its owner or by the broker, or its subscriber threw
 * </pre>
 *
 * <p><b>Falling behind</b> is judged by {@link LagPolicy}: when the log has moved past a place that
 * was not read yet, or a paused subscription lags beyond a bound. A subscriber that is not {@link
 * Subscriber#ready} is told of it when it wakes.
 *
 * <p><b>Revocation.</b> As soon as its lane reads a {@link Revocation} that came after the
 * subscription was authorised, nothing of that scope is delivered any more, not even what was
 * published before and not delivered yet. The subscriber is told a {@link Gap.Reason#REVOKED} gap
 * of the revoked scope, up to the place of the revocation, when it comes to that place; or a gap
 * for being slow covers it. What came before the subscription is told at its start, and a run that
 * is resumed across a revocation is told of it even if it was authorised again since, for its
 * former life may have been denied what it goes on after. The subscription is closed with {@link
 * CloseReason#REVOKED} if nothing of what it asked for is left (each filter is covered by a revoked
 * scope), and also if its snapshot is not loaded yet or has to be loaded once more: state that is
 * loaded under a right that is gone is not shown.
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
   * Asks for more topics, while what it had goes on without a break. The result is the place where
   * the new topics are armed: nothing that is published on them after it is missed, and nothing
   * from before it is delivered. So the caller loads the state of the new topics after the stage
   * completes, and never before. An event that an old and a new filter match is delivered once.
   *
   * <p>Works in every state but {@link State#CLOSED}. Any thread; the stage completes on the lane,
   * before the first event of the new topics, so what depends on it must not block. It fails with a
   * {@link BrokerException.Closed} if the subscription is or gets closed, and with a {@link
   * BrokerException} if a right to a new topic was revoked after the decision ({@link
   * Authorized#asOf}), or if the log does not know that any more; the subscription is then what it
   * was before.
   *
   * @param by the decision to allow it; of the principal of this subscription
   * @param more the further filters, at least one
   * @throws IllegalArgumentException if the principal is another one, if there is no filter, or if
   *     there are more than {@value SubscribeRequest#MAX_FILTERS} together with the old ones
   */
  CompletionStage<EventId> widen(Authorized<?> by, List<TopicFilter> more);

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
