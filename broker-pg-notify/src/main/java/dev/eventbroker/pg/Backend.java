package dev.eventbroker.pg;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The server's process behind one connection.
 *
 * @param pid its number, which another process may have later
 * @param start since when it has been that process, as the server writes it; null where a role
 *     works as another one, from which its own processes are hidden
 */
record Backend(int pid, @Nullable String start) {

  private static final String SELF =
      "select pid, backend_start::text from pg_stat_activity where pid = pg_backend_pid()";

  /**
   * It waits for the process itself, so that its transaction is over for certain. Since when a
   * process of another role runs is not shown: that one may be ours, and is left alone.
   */
  private static final String END =
      """
      select case when backend_start = ?::timestamptz then pg_terminate_backend(pid, ?) else false end
      from pg_stat_activity
      where pid = ? and pid <> pg_backend_pid() and coalesce(backend_start = ?::timestamptz, true)
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
   * before. False also where the role has no right to end it, or to see what it is.
   */
  boolean end(Connection other, Duration timeout) throws SQLException {
    try (PreparedStatement statement = other.prepareStatement(END)) {
      statement.setString(1, start);
      statement.setLong(2, Math.max(1, timeout.toMillis()));
      statement.setInt(3, pid);
      statement.setString(4, start);
      try (ResultSet row = statement.executeQuery()) {
        return !row.next() || row.getBoolean(1);
      }
    } catch (SQLException e) {
      if (ConnectFailure.isRefusal(e)) {
        return false;
      }
      throw e;
    }
  }
}
