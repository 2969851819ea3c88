package dev.eventbroker.benchmarks.inprocess;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Holds back a publisher until a batch of its has been counted by all who are to have it. */
final class Gate {

  /** Far longer than the slowest peer takes for a batch: whoever needs more has lost something. */
  private static final long PATIENCE_NANOS = 20_000_000_000L;

  /** How often a waiting publisher looks whether its patience is over. */
  private static final long LOOK_NANOS = 100_000_000L;

  private final AtomicInteger missing = new AtomicInteger();
  private volatile @Nullable Thread publisher;

  /** Nobody has passed: that many are to come. On the publisher's thread, before it publishes. */
  void expect(int arrivals) {
    missing.set(arrivals);
  }

  /** One has its share of the batch. Any thread. */
  void arrive() {
    if (missing.decrementAndGet() != 0) {
      return;
    }
    Thread waiting = publisher;
    if (waiting != null) {
      LockSupport.unpark(waiting);
    }
  }

  /**
   * Waits for the last one.
   *
   * @throws IllegalStateException if it does not come, so something was lost
   */
  void await() {
    if (missing.get() == 0) {
      return;
    }
    publisher = Thread.currentThread();
    long start = System.nanoTime();
    while (missing.get() != 0) {
      if (System.nanoTime() - start > PATIENCE_NANOS) {
        throw new IllegalStateException(
            "subscribers that have not counted a whole batch: " + missing + " (expected: 0)");
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
    publisher = null;
  }
}
