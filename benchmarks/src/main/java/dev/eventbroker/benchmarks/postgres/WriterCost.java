package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.benchmarks.report.Run;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What publishing costs the transactions that do it: one insert of the application's own, and
 * nothing more, or {@code pg_notify} of a text, or an event of that text in the outbox. Two nodes
 * hear of it meanwhile in either way, on the same processors as the server and the writers.
 */
final class WriterCost {

  private static final long SLICE = TimeUnit.SECONDS.toNanos(2);

  /**
   * Until the compiler is done: its threads take the processors that are measured. After 6 s it
   * still took a seventh of them.
   */
  private static final long WARM_UP = TimeUnit.SECONDS.toNanos(10);

  /** As many as measured, so that nothing is compiled for the first time when they come. */
  private static final int WARM_UP_WRITERS = 16;

  private final BenchmarkDatabase database;

  WriterCost(BenchmarkDatabase database) {
    this.database = database;
  }

  private interface Opening {
    Publishing open() throws Exception;
  }

  private record Peer(String label, Opening opening) {}

  private List<Peer> peers() {
    return List.of(
        new Peer("nothing", Publishing.Nothing::new),
        new Peer("pg_notify", () -> new Publishing.Notify(database)),
        new Peer("eventbroker", () -> new Publishing.Outbox(database)));
  }

  /** Each way in turn, with that many writers. */
  void measure(Run run, List<Integer> writers) throws Exception {
    warmUp(run);
    for (int round = 1; round <= run.rounds(); round++) {
      for (int count : writers) {
        for (Peer peer : peers()) {
          database.clean();
          try (Publishing publishing = peer.opening().open()) {
            run.measured(
                "postgres/writers",
                peer.label(),
                round,
                Map.of("writers", (long) count),
                figures(publishing, count, SLICE));
          }
        }
      }
    }
  }

  private void warmUp(Run run) throws Exception {
    for (Peer peer : peers()) {
      run.progress().println("postgres/writers " + peer.label() + ": warming up");
      try (Publishing publishing = peer.opening().open()) {
        var unused = figures(publishing, WARM_UP_WRITERS, WARM_UP);
      }
    }
  }

  private Map<String, Double> figures(Publishing publishing, int writers, long nanos)
      throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    List<Connection> connections = new ArrayList<>();
    try {
      for (int i = 0; i < writers; i++) {
        connections.add(database.connectWriter());
      }
      ServerTime before = ServerTime.read(database);
      long end = System.nanoTime() + nanos;
      List<Callable<Long>> tasks = new ArrayList<>();
      for (Connection connection : connections) {
        tasks.add(() -> write(connection, publishing, end));
      }
      long transactions = 0;
      for (Future<Long> done : threads.invokeAll(tasks)) {
        transactions += done.get();
      }
      long written = System.nanoTime();
      awaitReceived(publishing, transactions);
      double lag = (System.nanoTime() - written) / 1e6;
      ServerTime time = ServerTime.read(database).since(before);
      return Map.of(
          "transactionsPerSecond",
          transactions / (nanos / 1e9),
          "lagMillis",
          lag,
          "writersServerCpuMicrosPerTransaction",
          micros(time.writers(), transactions),
          "otherServerCpuMicrosPerTransaction",
          micros(time.others(), transactions),
          "clientCpuMicrosPerTransaction",
          micros(time.client(), transactions));
    } finally {
      threads.shutdown();
      for (Connection connection : connections) {
        connection.close();
      }
    }
  }

  private static long write(Connection connection, Publishing publishing, long end)
      throws Exception {
    long transactions = 0;
    connection.setAutoCommit(false);
    Publishing.Writer writer = publishing.writer(connection);
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into " + BenchmarkDatabase.BUSINESS + " values (?, ?)")) {
      while (System.nanoTime() - end < 0) {
        insert.setLong(1, transactions);
        insert.setString(2, Publishing.DATA);
        insert.executeUpdate();
        writer.publish();
        connection.commit();
        writer.committed();
        transactions++;
      }
    }
    return transactions;
  }

  /** What was put off has to be done before it counts as done. */
  private static void awaitReceived(Publishing publishing, long transactions) {
    long expected = transactions * publishing.nodes();
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (publishing.received() < expected) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException(
            publishing.received() + " of " + expected + " have arrived");
      }
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
    }
  }

  private static double micros(Duration time, long transactions) {
    return time.toNanos() / 1e3 / transactions;
  }
}
