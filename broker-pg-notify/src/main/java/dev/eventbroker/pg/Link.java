package dev.eventbroker.pg;

import dev.eventbroker.pg.socket.OwnedSockets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection and the sockets below it, from the attempt to its end.
 *
 * <p>It belongs to one thread, which opens it, works on it and closes it. Every step that may block
 * is announced with {@link #within}; other threads only look whether such a step is {@linkplain
 * #destroyIfOverdue overdue}, and {@link #destroy} it.
 */
final class Link implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Link.class);

  private final OwnedSockets sockets = OwnedSockets.claim();
  private final LongSupplier nanoClock;

  // The owner's thread.
  private @Nullable Opening opening;
  private @Nullable Connection connection;

  // Any thread.
  private final AtomicReference<@Nullable Step> step = new AtomicReference<>();
  private volatile boolean open;
  private volatile @Nullable String destroyedFor;

  Link(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  // ---- The owner's thread

  void open(ConnectionSettings settings, String applicationName, Properties more)
      throws SQLException {
    Properties properties = settings.forConnection(applicationName, sockets.token(), more);
    opening = new Opening(settings, properties);
    connection = another();
    open = true;
    rest();
  }

  /** One more, made in the same way: its sockets are destroyed with this one's. */
  Connection another() throws SQLException {
    Opening how = opening;
    if (how == null) {
      throw new IllegalStateException("link: not open (expected: open)");
    }
    // The driver bounds the attempt itself; the second more is for one that does not keep to it.
    within(how.settings().loginTimeout().plusSeconds(1), "connecting");
    Connection made = new Driver().connect(how.settings().url(), how.properties());
    if (made == null) {
      throw new SQLException("the driver does not know the URL " + how.settings().url());
    }
    return made;
  }

  Connection connection() {
    Connection made = connection;
    if (made == null) {
      throw new IllegalStateException("link: not open (expected: open)");
    }
    return made;
  }

  /** What follows must be over by then, or the connection is destroyed under it. */
  void within(Duration limit, String what) {
    step.set(new Step(nanoClock.getAsLong() + limit.toNanos(), what));
  }

  /** What was announced is over. */
  void rest() {
    step.set(null);
  }

  /** Ends it in an orderly way as far as that goes, and in any case. */
  @Override
  public void close() {
    within(Duration.ofSeconds(1), "closing");
    try {
      if (connection != null && destroyedFor == null) {
        connection.close();
      }
    } catch (SQLException e) {
      log.debug("a connection was not closed in an orderly way", e);
    } finally {
      sockets.destroy();
      rest();
      open = false;
    }
  }

  // ---- Any thread

  /** Whether the database has let us in. */
  boolean isOpen() {
    return open;
  }

  /** Resets the sockets: whoever reads, writes or connects on them gets an exception at once. */
  void destroy(String reason) {
    destroyedFor = reason;
    sockets.destroy();
  }

  /** Why it was destroyed, if it was. */
  @Nullable String destroyedFor() {
    return destroyedFor;
  }

  void destroyIfOverdue() {
    Step current = step.get();
    if (current != null && nanoClock.getAsLong() - current.deadline() > 0) {
      destroy("no answer in time while " + current.what());
    }
  }

  /** There is reason to doubt the other end: a step under way gets no more than that from now. */
  void hurry(Duration limit) {
    Step current = step.get();
    long sooner = nanoClock.getAsLong() + limit.toNanos();
    if (current != null && current.deadline() - sooner > 0) {
      // If the owner has got on meanwhile, there was no reason to doubt.
      step.compareAndSet(current, new Step(sooner, current.what()));
    }
  }

  private record Step(long deadline, String what) {}

  private record Opening(ConnectionSettings settings, Properties properties) {}
}
