package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.pg.PgBackplane;
import java.sql.Connection;
import java.util.Arrays;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How long it takes from a commit to a subscriber of another node, while nothing else goes on.
 * Arguments: {@code [jdbcUrl]}.
 */
public final class OutboxLatency {

  private static final int WARM_UP = 200;
  private static final int SAMPLES = 1_000;

  private OutboxLatency() {}

  /** See the class comment. */
  public static void main(String[] args) throws Exception {
    try (BenchmarkDatabase database = BenchmarkDatabase.open(args)) {
      PgBackplane publishing = database.backplane();
      Broker here = BenchmarkDatabase.broker(publishing);
      Broker there = BenchmarkDatabase.broker(database.backplane());
      try (Connection connection = database.connect()) {
        measure(publishing, connection, there);
      } finally {
        BenchmarkDatabase.close(here);
        BenchmarkDatabase.close(there);
      }
    }
  }

  private static void measure(PgBackplane publishing, Connection connection, Broker there)
      throws Exception {
    SynchronousQueue<Long> arrivals = new SynchronousQueue<>();
    BenchmarkDatabase.subscribe(
        there,
        new Subscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            hand(arrivals, System.nanoTime());
          }

          @Override
          public void onGap(Gap gap) {
            throw new IllegalStateException("a gap: " + gap);
          }
        });
    connection.setAutoCommit(false);
    long[] nanos = new long[SAMPLES];
    for (int i = -WARM_UP; i < SAMPLES; i++) {
      publishing.publish(connection, Event.of(Topic.of("idle"), "tick", "{}"));
      connection.commit();
      long committed = System.nanoTime();
      publishing.wake();
      Long arrived = arrivals.poll(1, TimeUnit.MINUTES);
      if (arrived == null) {
        throw new IllegalStateException("nothing arrived");
      }
      if (i >= 0) {
        nanos[i] = arrived - committed;
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
    Arrays.sort(nanos);
    System.out.printf(
        "commit to another node's subscriber: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms%n",
        nanos[SAMPLES / 2] / 1e6,
        nanos[SAMPLES * 9 / 10] / 1e6,
        nanos[SAMPLES * 99 / 100] / 1e6,
        nanos[SAMPLES - 1] / 1e6);
  }

  private static void hand(SynchronousQueue<Long> arrivals, long at) {
    try {
      arrivals.put(at);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
