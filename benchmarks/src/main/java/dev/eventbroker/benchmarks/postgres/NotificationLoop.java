package dev.eventbroker.benchmarks.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Consumer;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * What one writes without a library: a connection that listens, and a thread that reads
 * notifications and hands them on. It knows nothing of lost connections.
 */
final class NotificationLoop implements AutoCloseable {

  static final String CHANNEL = "benchmark";

  private static final int SLICE_MILLIS = 100;

  private final Connection connection;
  private final PGConnection notifications;
  private final Consumer<String> subscriber;
  private final Thread thread;

  private volatile boolean closed;

  /** Listens from now on. */
  NotificationLoop(BenchmarkDatabase database, Consumer<String> subscriber) throws SQLException {
    this.connection = database.connect();
    this.notifications = connection.unwrap(PGConnection.class);
    this.subscriber = subscriber;
    try (Statement statement = connection.createStatement()) {
      statement.execute("listen " + CHANNEL);
    }
    this.thread = new Thread(this::run, "benchmark-listener");
    thread.start();
  }

  private void run() {
    try {
      while (!closed) {
        for (PGNotification notification : notifications.getNotifications(SLICE_MILLIS)) {
          subscriber.accept(notification.getParameter());
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the listener's connection was lost", e);
    }
  }

  @Override
  public void close() throws SQLException {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    connection.close();
  }
}
