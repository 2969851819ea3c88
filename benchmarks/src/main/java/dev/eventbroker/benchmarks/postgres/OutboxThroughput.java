package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.benchmarks.report.Run;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * How many events a second go through the outbox: published on one node, stored, ordered, and
 * delivered to a subscriber of another node. Two nodes, the server and the publisher share the
 * machine.
 */
final class OutboxThroughput {

  /** Below the bound of the queue, so that nothing is refused. */
  private static final int UNDER_WAY = 20_000;

  private static final int WARM_UP = 50_000;

  private static final Event EVENT =
      Event.of(Topic.of("project/42/board"), "card.moved", Publishing.DATA);

  private final BenchmarkDatabase database;

  OutboxThroughput(BenchmarkDatabase database) {
    this.database = database;
  }

  void measure(Run run, int events) throws InterruptedException {
    var unused = eventsPerSecond(WARM_UP);
    for (int round = 1; round <= run.rounds(); round++) {
      run.measured(
          "postgres/outbox",
          "eventbroker",
          round,
          Map.of("events", (long) events),
          Map.of("eventsPerSecond", eventsPerSecond(events)));
    }
  }

  private double eventsPerSecond(int events) throws InterruptedException {
    Broker here = BenchmarkDatabase.broker(database.backplane());
    Broker there = BenchmarkDatabase.broker(database.backplane());
    try {
      CountDownLatch all = new CountDownLatch(events);
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
      publish(here, events);
      if (!all.await(5, TimeUnit.MINUTES)) {
        throw new IllegalStateException(all.getCount() + " events are missing");
      }
      return events / ((System.nanoTime() - start) / 1e9);
    } finally {
      BenchmarkDatabase.close(here);
      BenchmarkDatabase.close(there);
    }
  }

  private static void publish(Broker broker, int events) throws InterruptedException {
    Semaphore underWay = new Semaphore(UNDER_WAY);
    for (int i = 0; i < events; i++) {
      underWay.acquire();
      var unused = broker.publish(EVENT).whenComplete((id, failure) -> underWay.release());
    }
  }
}
