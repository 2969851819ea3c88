package dev.eventbroker.sessions;

import dev.eventbroker.BrokerException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs work in a transaction of its own, READ COMMITTED whatever the pool's default is, and gives
 * the connection back as it was.
 */
final class Transactions {

  private static final Logger log = LoggerFactory.getLogger(Transactions.class);

  private final DataSource dataSource;

  Transactions(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /** Statements of one transaction; what is thrown rolls it back. */
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /**
   * @throws BrokerException if the database refuses; says what could not be done
   */
  <T> T run(String what, Work<T> work) {
    try (Connection connection = dataSource.getConnection()) {
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      T result = committed(connection, work, autoCommit);
      restore(connection, autoCommit);
      return result;
    } catch (SQLException e) {
      throw new BrokerException("session store: can't " + what, e);
    }
  }

  private static <T> T committed(Connection connection, Work<T> work, boolean autoCommit)
      throws SQLException {
    boolean committed = false;
    try {
      try (Statement statement = connection.createStatement()) {
        statement.execute(SessionSql.READ_COMMITTED);
      }
      T result = work.run(connection);
      connection.commit();
      committed = true;
      return result;
    } finally {
      if (!committed) {
        rollback(connection, autoCommit);
      }
    }
  }

  private static void rollback(Connection connection, boolean autoCommit) {
    try {
      connection.rollback();
      restore(connection, autoCommit);
    } catch (SQLException e) {
      log.debug("can't roll back; the server does it when the connection ends", e);
    }
  }

  /** A failure here is the pool's to find out: what was done is committed or rolled back. */
  private static void restore(Connection connection, boolean autoCommit) {
    try {
      connection.setAutoCommit(autoCommit);
    } catch (SQLException e) {
      log.debug("can't restore a connection", e);
    }
  }
}
