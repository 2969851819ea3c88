package dev.eventbroker.pg;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * The server's process behind one connection.
 *
 * @param pid its number, which another process may have later
 * @param start since when it has been that process, as the server writes it
 */
record Backend(int pid, String start) {

  private static final String SELF =
      "select pid, backend_start::text from pg_stat_activity where pid = pg_backend_pid()";

  /** It waits for the process itself, so that its transaction is over for certain. */
  private static final String END =
      """
      select pg_terminate_backend(pid, ?) from pg_stat_activity
      where pid = ? and backend_start = ?::timestamptz
      """;

  static Backend of(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(SELF);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return new Backend(row.getInt(1), row.getString(2));
    }
  }

  /**
   * Ends it, over another connection of the same role; whether it has ended within that time, or
   * before.
   */
  boolean end(Connection other, Duration timeout) throws SQLException {
    try (PreparedStatement statement = other.prepareStatement(END)) {
      statement.setLong(1, Math.max(1, timeout.toMillis()));
      statement.setInt(2, pid);
      statement.setString(3, start);
      try (ResultSet row = statement.executeQuery()) {
        return !row.next() || row.getBoolean(1);
      }
    }
  }
}
