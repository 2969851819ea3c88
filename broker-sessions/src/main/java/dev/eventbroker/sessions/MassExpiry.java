package dev.eventbroker.sessions;

/**
 * When so many expire at once that it is more likely that something stands between them and the
 * store, such as a node that is cut off, than that they are all gone.
 */
final class MassExpiry {

  /** Fewer than this go at once when an office closes. */
  static final long MANY = 50;

  /** More than this share at once is no office, it is a part of the cluster. */
  static final double SHARE = 0.3;

  private MassExpiry() {}

  /** Of so many sessions that are held, so many have expired. */
  static boolean isSuspicious(long expired, long held) {
    return expired > MANY && expired > SHARE * held;
  }
}
