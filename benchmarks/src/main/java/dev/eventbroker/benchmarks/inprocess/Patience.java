package dev.eventbroker.benchmarks.inprocess;

/**
 * Ends a set-up that takes too long, as soon as that is plain. Subscribing costs some peers more
 * the more subscribers they have, and none of them less, so what is left takes at least as long as
 * at the speed of the last second.
 */
final class Patience {

  private static final long LIMIT_NANOS = 60_000_000_000L;

  /** Speeds are taken over this long, and not before it: a cold JVM has said nothing yet. */
  private static final long WINDOW_NANOS = 2_000_000_000L;

  /** How many subscribers go between two looks at the clock. */
  private static final int STEP = 64;

  private final String peer;
  private final int subscribers;
  private final long start = System.nanoTime();
  private long windowStart = start;
  private int windowFirst;
  private boolean warm;

  Patience(String peer, int subscribers) {
    this.peer = peer;
    this.subscribers = subscribers;
  }

  /**
   * Looks whether it can come to an end in time.
   *
   * @param subscribed how many are there
   * @throws TooSlowException if not
   */
  void check(int subscribed) {
    if (subscribed % STEP != 0) {
      return;
    }
    long now = System.nanoTime();
    long window = now - windowStart;
    if (window < WINDOW_NANOS) {
      return;
    }
    double left = (double) window / (subscribed - windowFirst) * (subscribers - subscribed);
    if (warm && now - start + left > LIMIT_NANOS) {
      throw new TooSlowException(
          "%s has %,d of %,d subscribers after %d s and would need more than %d s"
              .formatted(
                  peer,
                  subscribed,
                  subscribers,
                  (now - start) / 1_000_000_000L,
                  LIMIT_NANOS / 1_000_000_000L));
    }
    warm = true;
    windowStart = now;
    windowFirst = subscribed;
  }
}
