package dev.eventbroker.engine;

/**
 * What a lane knows of a subscription that lives on it. Unless it says otherwise, a method is
 * called on the lane's thread.
 */
abstract class Rider {

  /** Which entries of the lane's current batch are for this one; owned by the lane. */
  long batchMask;

  /** The lane knows it now: it puts itself under its filters and begins its handshake. */
  abstract void attach(FilterIndex<Rider> index);

  /** Whether it takes part in the lane's batches. */
  abstract boolean isLive();

  /** Takes the entries of a batch that its filters match. */
  abstract void takeBatch(Entry[] batch, long part);

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
}
