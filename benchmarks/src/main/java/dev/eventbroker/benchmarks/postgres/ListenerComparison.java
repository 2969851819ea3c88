package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.benchmarks.report.Run;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * How long it takes from the commit of a {@code pg_notify} to a callback while nothing else goes
 * on, and how many notifications a second arrive where transactions send many: our source with a
 * broker behind it, a loop written by hand, and Vert.x's subscriber.
 */
final class ListenerComparison {

  private static final int PER_TRANSACTION = 1_000;
  private static final int WARM_UP = 20;

  /** So that nobody's queue overflows. */
  private static final int UNDER_WAY = 4 * PER_TRANSACTION;

  private final BenchmarkDatabase database;

  ListenerComparison(BenchmarkDatabase database) {
    this.database = database;
  }

  private static Map<String, Listening.Opening> peers() {
    Map<String, Listening.Opening> peers = new LinkedHashMap<>();
    peers.put("pg_notify", Listening::byHand);
    peers.put("vertx-pg", Listening::vertx);
    peers.put("eventbroker", Listening::ours);
    return peers;
  }

  /** Each peer in turn: that many single notifications, and that many transactions of many. */
  void measure(Run run, int samples, int transactions) throws Exception {
    for (int round = 1; round <= run.rounds(); round++) {
      for (Map.Entry<String, Listening.Opening> peer : peers().entrySet()) {
        Map<String, Double> figures = new HashMap<>(millis(peer.getValue(), samples));
        figures.put("eventsPerSecond", eventsPerSecond(peer.getValue(), transactions));
        run.measured("postgres/listener", peer.getKey(), round, Map.of(), figures);
      }
    }
  }

  private Map<String, Double> millis(Listening.Opening opening, int samples) throws Exception {
    IdleLatency latency = new IdleLatency();
    Listening listening = opening.open(database, latency::arrived);
    try (Connection connection = database.connect();
        PreparedStatement notify = connection.prepareStatement("select pg_notify(?, ?)")) {
      return latency.millis(
          connection,
          samples,
          within -> {
            notify.setString(1, NotificationLoop.CHANNEL);
            notify.setString(2, Publishing.DATA);
            notify.executeQuery().close();
          });
    } finally {
      listening.close();
    }
  }

  private double eventsPerSecond(Listening.Opening opening, int transactions) throws Exception {
    AtomicInteger heard = new AtomicInteger();
    Listening listening = opening.open(database, heard::incrementAndGet);
    // Different texts, for of equal ones in a transaction only one is sent.
    String many = "select pg_notify(?, ? || i) from generate_series(1, " + PER_TRANSACTION + ") i";
    try (Connection connection = database.connect();
        PreparedStatement notify = connection.prepareStatement(many)) {
      send(notify, heard, WARM_UP);
      heard.set(0);
      long start = System.nanoTime();
      send(notify, heard, transactions);
      return transactions * PER_TRANSACTION / ((System.nanoTime() - start) / 1e9);
    } finally {
      listening.close();
    }
  }

  /** Returns when all have been heard. */
  private static void send(PreparedStatement notify, AtomicInteger heard, int transactions)
      throws SQLException {
    int sent = 0;
    for (int i = 0; i < transactions; i++) {
      notify.setString(1, NotificationLoop.CHANNEL);
      notify.setString(2, Publishing.DATA);
      notify.executeQuery().close();
      sent += PER_TRANSACTION;
      await(heard, sent - UNDER_WAY);
    }
    await(heard, sent);
  }

  private static void await(AtomicInteger heard, int expected) {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (heard.get() < expected) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException(heard + " of " + expected + " have been heard");
      }
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(50));
    }
  }
}
