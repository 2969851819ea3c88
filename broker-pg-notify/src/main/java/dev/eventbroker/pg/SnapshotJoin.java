package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Snapshot;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Which events a snapshot of the database contains: up to a position all of them, from another on
 * none, and in between all but some.
 *
 * @param epoch which positions are meant
 * @param allUpTo what had its place already when the snapshot was taken
 * @param noneFrom after this no event is in it
 * @param notIn positions between the two whose transactions committed later
 */
record SnapshotJoin(String epoch, long allUpTo, long noneFrom, Set<Long> notIn) {

  /** The first statement of the transaction, so that the database's snapshot is as of here. */
  private static final String PLACE =
      """
      select pg_current_snapshot()::text, q.epoch, r.pos
      from %1$seb_sequencer q, (select pos from %1$seb_run order by pos desc limit 1) r
      """;

  /** What was committed by then. */
  private record Place(String snapshot, EventId id) {}

  /** What is read, and how what is committed by then comes into the broker. */
  interface Surroundings {

    Snapshot read(Connection connection) throws SQLException;

    CompletableFuture<EventId> caughtUp();
  }

  /**
   * Reads in a transaction of its own, which sees one state throughout; then waits until the broker
   * has every event that this state contains, for only events that it has can be told apart.
   */
  static Snapshot load(
      Connection connection,
      String schema,
      String prefix,
      Duration timeout,
      Surroundings surroundings)
      throws SQLException {
    if (!connection.getAutoCommit()) {
      throw new IllegalArgumentException(
          "connection: in a transaction (expected: autocommit, for its snapshot would be older)");
    }
    int isolation = connection.getTransactionIsolation();
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    Place place;
    Snapshot snapshot;
    CompletableFuture<EventId> caughtUp = new CompletableFuture<>();
    try {
      connection.setAutoCommit(false);
      place = place(connection, schema, prefix);
      caughtUp = surroundings.caughtUp();
      snapshot = surroundings.read(connection);
      connection.commit();
    } catch (SQLException | RuntimeException e) {
      caughtUp.cancel(false);
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(true);
      connection.setTransactionIsolation(isolation);
    }
    EventId end = await(caughtUp, timeout);
    return join(connection, schema, prefix, place, end)
        .map(join -> snapshot.including(join::contains))
        .orElse(snapshot);
  }

  private static Place place(Connection connection, String schema, String prefix)
      throws SQLException {
    String sql = Outbox.named(PLACE, prefix).formatted(SqlName.quoted(schema) + ".");
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return new Place(row.getString(1), new EventId(row.getString(2), row.getLong(3)));
    }
  }

  private static EventId await(CompletableFuture<EventId> caughtUp, Duration timeout) {
    try {
      return caughtUp.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw new BrokerException("snapshot: the broker was closed", e);
    } catch (TimeoutException e) {
      caughtUp.cancel(false);
      throw new BrokerException(
          "snapshot: the broker has not got there within " + timeout + " (expected: connected)", e);
    } catch (InterruptedException e) {
      caughtUp.cancel(false);
      Thread.currentThread().interrupt();
      throw new BrokerException("snapshot: interrupted", e);
    }
  }

  /** Empty if another epoch has begun since, whose positions say nothing about this one's. */
  private static Optional<SnapshotJoin> join(
      Connection connection, String schema, String prefix, Place place, EventId end)
      throws SQLException {
    String epoch = place.id().epoch();
    if (!end.epoch().equals(epoch)) {
      return Optional.empty();
    }
    long after = place.id().position();
    Set<Long> notIn =
        Outbox.notVisible(connection, schema, prefix, after, end.position(), place.snapshot());
    return Optional.of(new SnapshotJoin(epoch, after, end.position(), notIn));
  }

  boolean contains(Delivery delivery) {
    Optional<EventId> id = delivery.id();
    if (id.isEmpty() || !id.get().epoch().equals(epoch)) {
      return false;
    }
    long position = id.get().position();
    return position <= noneFrom && (position <= allUpTo || !notIn.contains(position));
  }
}
