package dev.eventbroker.benchmarks.postgres;

import java.sql.Connection;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How long it takes from a commit to a subscriber, one transaction after another, while nothing
 * else goes on. The writer is one thread; {@link #arrived} is called on the subscriber's.
 */
final class IdleLatency {

  private static final int WARM_UP = 200;
  private static final long REST = TimeUnit.MILLISECONDS.toNanos(5);

  private final SynchronousQueue<Long> arrivals = new SynchronousQueue<>();

  /** What is done in each transaction, and after it. */
  interface Transaction {

    void publish(Connection connection) throws Exception;

    default void committed() {}
  }

  /** An event has arrived now; waits until the writer has taken note of it. */
  void arrived() {
    try {
      arrivals.put(System.nanoTime());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Measures that often, after some times that don't count. */
  Map<String, Double> millis(Connection connection, int samples, Transaction transaction)
      throws Exception {
    connection.setAutoCommit(false);
    long[] nanos = new long[samples];
    for (int i = -WARM_UP; i < samples; i++) {
      transaction.publish(connection);
      connection.commit();
      long committed = System.nanoTime();
      transaction.committed();
      Long arrived = arrivals.poll(1, TimeUnit.MINUTES);
      if (arrived == null) {
        throw new IllegalStateException("nothing arrived");
      }
      if (i >= 0) {
        nanos[i] = arrived - committed;
      }
      LockSupport.parkNanos(REST);
    }
    Arrays.sort(nanos);
    return Map.of(
        "p50Millis", nanos[samples / 2] / 1e6,
        "p90Millis", nanos[samples * 9 / 10] / 1e6,
        "p99Millis", nanos[samples * 99 / 100] / 1e6);
  }
}
