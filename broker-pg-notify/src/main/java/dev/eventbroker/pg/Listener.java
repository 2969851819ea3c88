package dev.eventbroker.pg;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * Reads notifications, and does nothing else: a listener that is not read keeps the server from
 * cleaning up, for everybody.
 *
 * <p>That a connection is open proves nothing. So the listener sends a notification to itself, at
 * once and then again and again (the canary): only while it comes back do the others too.
 */
final class Listener implements Lifeline.Work {

  /** Hears what comes. Called on the reading thread: must not block, and must not throw. */
  interface Sink {

    /** From now on nothing is missed; what came before may have been. */
    void listening();

    /** A notification sent to itself has come back. */
    default void proven() {}

    /** Nothing comes any more, until {@link #listening} is called again. */
    void lost();

    /** Something came. */
    void notified(String channel, String payload);
  }

  /**
   * How long one reading takes at most, and so how long a stop waits for it. Shorter costs the
   * processor, longer the closer.
   */
  private static final Duration SLICE = Duration.ofMillis(100);

  private static final double NANOS = 1e9;

  private final List<String> channels;
  private final String canaryChannel;
  private final Duration canaryInterval;
  private final Duration canaryTimeout;
  private final Sink sink;
  private final LongSupplier nanoClock;

  // The reading thread.
  private long backend;
  private long canary;
  private long canarySentAt;
  private boolean canaryOut;

  // Written by the reading thread; null before the first one came back.
  private volatile @Nullable Long canaryBackAt;
  private volatile long canaryNanos;

  Listener(
      List<String> channels,
      String canaryChannel,
      Duration canaryInterval,
      Duration canaryTimeout,
      Sink sink,
      LongSupplier nanoClock) {
    this.channels = channels;
    this.canaryChannel = canaryChannel;
    this.canaryInterval = canaryInterval;
    this.canaryTimeout = canaryTimeout;
    this.sink = sink;
    this.nanoClock = nanoClock;
  }

  /** What its connection needs: nothing prepared, for it says the same few things seldom. */
  static Properties properties() {
    Properties properties = new Properties();
    properties.setProperty("preferQueryMode", "simple");
    return properties;
  }

  /** Whether a canary has come back lately: the only proof that notifications arrive. */
  boolean isProven() {
    Long at = canaryBackAt;
    return at != null && nanoClock.getAsLong() - at <= canaryInterval.plus(canaryTimeout).toNanos();
  }

  /** How long ago a canary has come back; NaN if none ever has. */
  double canaryAgeSeconds() {
    Long at = canaryBackAt;
    return at == null ? Double.NaN : (nanoClock.getAsLong() - at) / NANOS;
  }

  /** How long the last one that came back was under way. */
  double canaryRoundTripSeconds() {
    return canaryNanos / NANOS;
  }

  // ---- The reading thread

  @Override
  public void on(Link link, Lifeline lifeline) throws SQLException {
    PGConnection notifications = link.connection().unwrap(PGConnection.class);
    listen(link);
    sendFirstCanary(link, notifications);
    boolean proven = false;
    while (!lifeline.stopping()) {
      link.within(SLICE.plus(canaryTimeout), "reading notifications");
      PGNotification[] read = notifications.getNotifications((int) SLICE.toMillis());
      link.rest();
      for (PGNotification notification : read) {
        take(notification);
      }
      if (!canaryOut && !proven) {
        proven = true;
        lifeline.proven();
        sink.listening();
      }
      lookAfterCanary(link);
    }
  }

  @Override
  public void lost() {
    sink.lost();
  }

  /**
   * Autocommit, for within a transaction nothing is delivered and the server's queue is held up.
   * The first statement moves the end of that queue past transactions whose status is no longer
   * known, which would make LISTEN fail on servers before the minor releases of February 2026.
   */
  private void listen(Link link) throws SQLException {
    Connection connection = link.connection();
    link.within(canaryTimeout, "starting to listen");
    connection.setAutoCommit(true);
    try (Statement statement = connection.createStatement()) {
      statement.execute("select pg_notification_queue_usage()");
      statement.execute("listen " + SqlName.quoted(canaryChannel));
      for (String channel : channels) {
        statement.execute("listen " + SqlName.quoted(channel));
      }
      try (ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
        row.next();
        backend = row.getLong(1);
      }
    }
    link.rest();
  }

  /**
   * Through a transaction pooler a canary comes back with the answer to its own statement, as long
   * as one backend serves everything, while all other notifications are dropped. But a pooler makes
   * up the process that it tells its clients of; then the first canary is sent from outside, for
   * only a session gets that.
   */
  private void sendFirstCanary(Link link, PGConnection notifications) throws SQLException {
    if (backend == notifications.getBackendPID()) {
      sendCanary(link);
      return;
    }
    try (Connection other = link.another()) {
      link.within(canaryTimeout, "sending a notification from outside");
      notify(other);
    }
    link.rest();
  }

  private void sendCanary(Link link) throws SQLException {
    link.within(canaryTimeout, "sending a notification to itself");
    if (notify(link.connection()) != backend) {
      throw new SQLException(
          "two statements met two backends: a transaction pooler stands between (expected: the"
              + " server itself, for LISTEN needs a session)");
    }
    link.rest();
  }

  /** The next canary; returns which backend has sent it. */
  private long notify(Connection from) throws SQLException {
    canary++;
    canaryOut = true;
    canarySentAt = nanoClock.getAsLong();
    try (PreparedStatement statement =
        from.prepareStatement("select pg_backend_pid(), pg_notify(?, ?)")) {
      statement.setString(1, canaryChannel);
      statement.setString(2, Long.toString(canary));
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private void take(PGNotification notification) {
    String channel = notification.getName();
    String payload = notification.getParameter();
    if (!channel.equals(canaryChannel)) {
      sink.notified(channel, payload);
    } else if (payload.equals(Long.toString(canary))) {
      canaryOut = false;
      long now = nanoClock.getAsLong();
      canaryBackAt = now;
      canaryNanos = now - canarySentAt;
      sink.proven();
    }
  }

  private void lookAfterCanary(Link link) throws SQLException {
    long age = nanoClock.getAsLong() - canarySentAt;
    if (canaryOut && age > canaryTimeout.toNanos()) {
      throw new SQLException(
          "a notification to itself did not come back within "
              + canaryTimeout
              + ": the registration is lost, or a transaction pooler stands between (expected: the"
              + " server itself, for LISTEN needs a session)");
    }
    if (!canaryOut && age > canaryInterval.toNanos()) {
      sendCanary(link);
    }
  }
}
