package dev.eventbroker.benchmarks.inprocess;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;

/** The end of threads, awaited. */
final class Threads {

  private static final long LIMIT_SECONDS = 10;

  private Threads() {}

  /**
   * Lets them finish what they have.
   *
   * @throws IllegalStateException if they don't within 10 s
   */
  static void end(ExecutorService threads) {
    threads.shutdown();
    try {
      if (threads.awaitTermination(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new IllegalStateException("threads: still at work (expected: ended)");
  }
}
