package dev.eventbroker.examples.aftercommit;

import dev.eventbroker.Broker;
import dev.eventbroker.DeferredPublisher;
import dev.eventbroker.EventId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import javax.sql.DataSource;

/**
 * Runs work in a transaction of its own, and publishes what it says once that is committed. Any
 * thread.
 */
final class Transactions {

  /** SQLSTATE class "connection exception". */
  private static final String CONNECTION_LOST = "08";

  /** SQLSTATE class "operator intervention": the server ended the connection. */
  private static final String CONNECTION_ENDED = "57P";

  private final DataSource database;
  private final Broker broker;

  Transactions(DataSource database, Broker broker) {
    this.database = database;
    this.broker = broker;
  }

  /** Statements of one transaction, and what is to be told of them. */
  @FunctionalInterface
  interface Work {

    /** Does the work; whatever it throws rolls the transaction back. */
    void run(Connection connection, DeferredPublisher events) throws SQLException;
  }

  /**
   * Returns when the transaction is committed. What then fails in publishing fails the stage, and
   * never this call.
   *
   * @throws SQLException if it was rolled back, or if the connection broke during the commit
   */
  CompletionStage<List<EventId>> run(Work work) throws SQLException {
    // What was not committed when these are closed is dropped.
    try (Connection connection = database.getConnection();
        DeferredPublisher events = broker.deferred()) {
      connection.setAutoCommit(false);
      runOrRollBack(work, connection, events);
      commit(connection, events);
      return events.committed();
    }
  }

  private static void runOrRollBack(Work work, Connection connection, DeferredPublisher events)
      throws SQLException {
    try {
      work.run(connection, events);
    } catch (SQLException | RuntimeException | Error e) {
      rollBack(connection, e);
      throw e;
    }
  }

  /** A connection that can't even roll back does so by ending, and the first failure counts. */
  private static void rollBack(Connection connection, Throwable why) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      why.addSuppressed(e);
    }
  }

  private static void commit(Connection connection, DeferredPublisher events) throws SQLException {
    try {
      connection.commit();
    } catch (SQLException e) {
      if (mayBeCommittedAllTheSame(e)) {
        var unused = events.inDoubt();
      }
      throw e;
    }
  }

  /** The connection broke, so nobody knows whether the server had done it before. */
  private static boolean mayBeCommittedAllTheSame(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return state.startsWith(CONNECTION_LOST) || state.startsWith(CONNECTION_ENDED);
  }
}
