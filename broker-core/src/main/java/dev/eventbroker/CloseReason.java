package dev.eventbroker;

/**
 * Why a subscription or connection ended, and whether coming back makes sense.
 *
 * @param code a short stable name, for counters and logs
 * @param text what happened, for people
 * @param retryable whether the same client may expect success when it comes back
 * @param expectedBack whether it was us who ended the connection of a living client, so that it is
 *     back within a moment: what depends on its presence waits for it
 */
public record CloseReason(String code, String text, boolean retryable, boolean expectedBack) {

  /** The holder of the handle closed it. */
  public static final CloseReason UNSUBSCRIBED =
      new CloseReason("unsubscribed", "closed by its owner", true, false);

  /** The peer went away. */
  public static final CloseReason DISCONNECTED =
      new CloseReason("disconnected", "the peer went away", true, false);

  /**
   * The log moved past the subscriber, or it lagged beyond a bound, and its policy is {@link
   * LagPolicy#DISCONNECT}; or it could not be resynced, because the log moved past its snapshot
   * three times in a row while that was being loaded.
   */
  public static final CloseReason SLOW =
      new CloseReason("slow", "slower than the log is long", true, true);

  /**
   * Its principal lost the right to everything that it asked for; or to a part of it, where its
   * snapshot was still to be loaded under that right, or where it lost too many parts one by one.
   * The client may come back, and is then authorised anew.
   */
  public static final CloseReason REVOKED =
      new CloseReason("revoked", "a right that it was built on was taken away", true, false);

  /**
   * It was authorised so long ago ({@link Authorized#asOf}) that the log does not know any more
   * whether its rights were revoked since. The client may come back, and is then authorised anew.
   */
  public static final CloseReason UNPROVEN =
      new CloseReason("unproven", "authorised before what the log still knows", true, true);

  /** The broker, or the executor that the subscription lived on, was shut down. */
  public static final CloseReason SHUTDOWN =
      new CloseReason("shutdown", "the broker is shutting down", true, true);

  /** The subscriber threw. */
  public static final CloseReason FAILED =
      new CloseReason("failed", "the subscriber threw an exception", false, false);
}
