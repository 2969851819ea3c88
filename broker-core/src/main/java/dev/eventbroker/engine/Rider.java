package dev.eventbroker.engine;

import dev.eventbroker.CloseReason;
import org.jspecify.annotations.Nullable;

/**
 * What a lane knows of a subscription that lives on it. Unless it says otherwise, a method is
 * called on the lane's thread.
 */
abstract class Rider {

  /** Which entries of the lane's current batch are for this one; owned by the lane. */
  long batchMask;

  /** Why nothing is to be delivered any more; null as long as something is. Any thread sets it. */
  volatile @Nullable CloseReason closing;

  /** Where it sits in the roster of its lane; owned by the lane. */
  int seatOnLane = Roster.NOWHERE;

  // The chain of those of the same principal; owned by the lane's index.
  @Nullable Rider previousOfPrincipal;
  @Nullable Rider nextOfPrincipal;

  /** The lane knows it now: it puts itself under its filters and begins its handshake. */
  abstract void attach(FilterIndex<Rider> index);

  /** Whether nothing is to be delivered any more. On any thread. */
  final boolean isClosing() {
    return closing != null;
  }

  /** Its subscriber threw: it ends. */
  abstract void failed();

  /** Whether it takes part in the lane's batches. */
  abstract boolean isLive();

  /**
   * Takes the entries of a batch that its filters match.
   *
   * @param part which ones they are
   */
  abstract void takeBatch(Batch batch, long part);

  /**
   * Reads up to that many entries of what the log has kept for it.
   *
   * @return whether there is more to read at once
   */
  abstract boolean readBacklog(int atMost);

  /** Who it belongs to. On any thread. */
  abstract String principal();

  /** Who is called. On any thread. */
  abstract Object subscriber();

  /** The log has moved past the place up to which it had read. */
  abstract void overtaken();

  /**
   * Its principal lost a right: nothing of that scope is delivered any more.
   *
   * @return whether it is to be told when it reads that entry
   */
  abstract boolean revoke(Entry.OfRevocation revocation);

  /** Its principal may have lost a right, and nobody knows any more. */
  abstract void unproven();

  /** Its subscriber is not ready: whether it lags too far behind by now. */
  abstract void lookAtLag();
}
