package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import dev.eventbroker.pg.PgBackplane;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * What publishing costs the transactions that do it: one insert of the application's own, and
 * nothing more, or {@code pg_notify} of the same text, or our row in the outbox (with nodes that
 * order and read it meanwhile). Transactions a second, in turn, several times. Arguments: {@code
 * [jdbcUrl]}.
 */
public final class WriterCost {

  private static final int[] WRITERS = {1, 4, 16};
  private static final int ROUNDS = 3;
  private static final long NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final String DATA = "{\"card\": 4711, \"column\": \"doing\", \"by\": \"ann\"}";
  private static final Event EVENT = Event.of(Topic.of("project/42/board"), "card.moved", DATA);

  private enum Way {
    NOTHING,
    PG_NOTIFY,
    OUTBOX
  }

  private WriterCost() {}

  /** See the class comment. */
  public static void main(String[] args) throws Exception {
    try (BenchmarkDatabase database = BenchmarkDatabase.open(args)) {
      try (Connection connection = database.connect();
          Statement statement = connection.createStatement()) {
        statement.execute("create table " + table() + " (id bigint, text text)");
      }
      PgBackplane backplane = database.backplane();
      Broker node = BenchmarkDatabase.broker(backplane);
      try {
        for (int writers : WRITERS) {
          for (int round = 0; round < ROUNDS; round++) {
            double nothing = run(database, backplane, writers, Way.NOTHING);
            double notify = run(database, backplane, writers, Way.PG_NOTIFY);
            double outbox = run(database, backplane, writers, Way.OUTBOX);
            System.out.printf(
                "%2d writers: nothing %,.0f tx/s, pg_notify %,.0f tx/s, outbox %,.0f tx/s ="
                    + " %.2f x pg_notify%n",
                writers, nothing, notify, outbox, outbox / notify);
          }
        }
      } finally {
        BenchmarkDatabase.close(node);
      }
    }
  }

  private static String table() {
    return BenchmarkDatabase.SCHEMA + ".business";
  }

  private static double run(BenchmarkDatabase database, PgBackplane backplane, int writers, Way way)
      throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      long end = System.nanoTime() + NANOS;
      List<Callable<Long>> tasks = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        tasks.add(() -> write(database, backplane, way, end));
      }
      long transactions = 0;
      for (Future<Long> done : threads.invokeAll(tasks)) {
        transactions += done.get();
      }
      return transactions / (NANOS / 1e9);
    } finally {
      threads.shutdown();
    }
  }

  private static long write(BenchmarkDatabase database, PgBackplane backplane, Way way, long end)
      throws SQLException {
    long transactions = 0;
    try (Connection connection = database.connect();
        PreparedStatement insert =
            connection.prepareStatement("insert into " + table() + " values (?, ?)");
        PreparedStatement notify =
            connection.prepareStatement("select pg_notify('benchmark', ?)")) {
      connection.setAutoCommit(false);
      while (System.nanoTime() - end < 0) {
        insert.setLong(1, transactions);
        insert.setString(2, DATA);
        insert.executeUpdate();
        if (way == Way.PG_NOTIFY) {
          // Equal texts of one transaction would be one; of several they are not.
          notify.setString(1, DATA);
          notify.executeQuery().close();
        } else if (way == Way.OUTBOX) {
          backplane.publish(connection, EVENT);
        }
        connection.commit();
        if (way == Way.OUTBOX) {
          backplane.wake();
        }
        transactions++;
      }
    }
    return transactions;
  }
}
