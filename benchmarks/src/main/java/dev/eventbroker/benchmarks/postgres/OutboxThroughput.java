package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.pg.PgBackplane;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * How many events a second go through the outbox: published on one node, stored, ordered, and
 * delivered to a subscriber of another node. Two nodes, the server and the publisher share the
 * machine. Arguments: {@code [jdbcUrl]}.
 */
public final class OutboxThroughput {

  private static final int EVENTS = 200_000;
  private static final int ROUNDS = 5;

  /** Below the bound of the queue, so that nothing is refused. */
  private static final int UNDER_WAY = 20_000;

  private static final String DATA = "{\"card\": 4711, \"column\": \"doing\", \"by\": \"ann\"}";

  private OutboxThroughput() {}

  /** See the class comment. */
  public static void main(String[] args) throws Exception {
    try (BenchmarkDatabase database = BenchmarkDatabase.open(args)) {
      for (int round = 0; round < ROUNDS; round++) {
        System.out.printf("throughput round %d: %,.0f events/s%n", round, run(database));
      }
    }
  }

  private static double run(BenchmarkDatabase database) throws InterruptedException {
    PgBackplane publishing = database.backplane();
    PgBackplane receiving = database.backplane();
    Broker here = BenchmarkDatabase.broker(publishing);
    Broker there = BenchmarkDatabase.broker(receiving);
    try {
      CountDownLatch all = new CountDownLatch(EVENTS);
      BenchmarkDatabase.subscribe(
          there,
          new Subscriber() {
            @Override
            public void onEvent(Delivery delivery) {
              all.countDown();
            }

            @Override
            public void onGap(Gap gap) {
              throw new IllegalStateException("a gap: " + gap);
            }
          });
      long start = System.nanoTime();
      publish(here);
      if (!all.await(5, TimeUnit.MINUTES)) {
        throw new IllegalStateException(all.getCount() + " events are missing");
      }
      return EVENTS / ((System.nanoTime() - start) / 1e9);
    } finally {
      BenchmarkDatabase.close(here);
      BenchmarkDatabase.close(there);
    }
  }

  private static void publish(Broker broker) throws InterruptedException {
    Semaphore underWay = new Semaphore(UNDER_WAY);
    Event event = Event.of(Topic.of("project/42/board"), "card.moved", DATA);
    for (int i = 0; i < EVENTS; i++) {
      underWay.acquire();
      var unused = broker.publish(event).whenComplete((id, failure) -> underWay.release());
    }
  }
}
