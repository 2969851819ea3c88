package dev.eventbroker.sessions;

import dev.eventbroker.Event;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Takes events within a transaction: what is published is seen by subscribers if and only if the
 * transaction commits. Any thread.
 */
public interface EventOutbox {

  /**
   * Writes the event in the transaction that is open on the connection; does not commit and does
   * not close.
   *
   * @throws SQLException if it can't be written; the transaction is rolled back then
   */
  void publish(Connection connection, Event event) throws SQLException;

  /**
   * A transaction with events was committed: a good time to look for them. Must not block; what it
   * throws is logged and changes nothing.
   */
  void committed();
}
