package dev.eventbroker.pg;

import java.sql.SQLException;
import org.postgresql.util.PSQLException;

/** Says in a sentence what is wrong with a connection, for the person who has to mend it. */
final class ConnectFailure {

  private ConnectFailure() {}

  static String describe(Throwable cause) {
    String state = cause instanceof SQLException sql ? stateOf(sql) : "";
    // The message of an error is but a name.
    String message = cause instanceof Error ? cause.toString() : String.valueOf(cause.getMessage());
    return switch (state) {
      case "28P01", "28000" -> "user or password refused (" + message + ")";
      case "3D000" -> "no such database (" + message + ")";
      case "25006" -> standby(message);
      case "53300" -> "no connection left on the server (" + message + ")";
      default -> byMessage(message);
    };
  }

  private static String byMessage(String message) {
    if (message.contains("targetServerType")) {
      return standby(message);
    }
    if (message.contains("unsupported startup parameter")) {
      return "a connection pooler stands between (expected: the server itself, for LISTEN needs a"
          + " session: "
          + message
          + ")";
    }
    return message;
  }

  private static String standby(String message) {
    return "a standby (expected: a primary, for a standby can't LISTEN: " + message + ")";
  }

  /**
   * Whether the server itself refused the statement and rolled it back: nothing was stored, for
   * certain. A server that goes away, crashes or loses its disk may have committed before. Told by
   * the state alone, for severities are translated.
   */
  static boolean isRefusal(SQLException e) {
    boolean answered = e instanceof PSQLException p && p.getServerErrorMessage() != null;
    return answered
        && !isClass(e, "08")
        && !isClass(e, "57P")
        && !isClass(e, "58")
        && !isClass(e, "XX")
        && !isState(e, "40003");
  }

  /** Whether the server refused the values: others may fare better. */
  static boolean isAboutTheValues(SQLException e) {
    return isRefusal(e) && (isClass(e, "22") || isClass(e, "23") || isClass(e, "54"));
  }

  static boolean isState(SQLException e, String state) {
    return stateOf(e).equals(state);
  }

  private static boolean isClass(SQLException e, String prefix) {
    return stateOf(e).startsWith(prefix);
  }

  private static String stateOf(SQLException e) {
    String state = e.getSQLState();
    return state == null ? "" : state;
  }
}
