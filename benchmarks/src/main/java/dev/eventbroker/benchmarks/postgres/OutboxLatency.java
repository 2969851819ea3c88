package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.benchmarks.report.Run;
import dev.eventbroker.pg.PgBackplane;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;

/** How long it takes from a commit to a subscriber of another node, through the outbox. */
final class OutboxLatency {

  private static final Event EVENT = Event.of(Topic.of("idle"), "tick", "{}");

  private final BenchmarkDatabase database;

  OutboxLatency(BenchmarkDatabase database) {
    this.database = database;
  }

  void measure(Run run, int samples) throws Exception {
    for (int round = 1; round <= run.rounds(); round++) {
      run.measured("postgres/latency", "eventbroker", round, Map.of(), millis(samples));
    }
  }

  private Map<String, Double> millis(int samples) throws Exception {
    PgBackplane publishing = database.backplane();
    Broker here = BenchmarkDatabase.broker(publishing);
    Broker there = BenchmarkDatabase.broker(database.backplane());
    try (Connection connection = database.connect()) {
      IdleLatency latency = new IdleLatency();
      BenchmarkDatabase.subscribe(there, new Arriving(latency));
      return latency.millis(
          connection,
          samples,
          new IdleLatency.Transaction() {
            @Override
            public void publish(Connection within) throws SQLException {
              publishing.publish(within, EVENT);
            }

            @Override
            public void committed() {
              publishing.wake();
            }
          });
    } finally {
      BenchmarkDatabase.close(here);
      BenchmarkDatabase.close(there);
    }
  }

  private record Arriving(IdleLatency latency) implements Subscriber {

    @Override
    public void onEvent(Delivery delivery) {
      latency.arrived();
    }

    @Override
    public void onGap(Gap gap) {
      throw new IllegalStateException("a gap: " + gap);
    }
  }
}
