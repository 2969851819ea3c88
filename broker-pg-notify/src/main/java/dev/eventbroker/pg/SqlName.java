package dev.eventbroker.pg;

import java.nio.charset.StandardCharsets;

/**
 * Names of schemas and channels. PostgreSQL cuts longer ones without an error, and two that share
 * their first 63 bytes become one; so length is checked here, in bytes.
 */
final class SqlName {

  /** What an identifier holds: NAMEDATALEN less its terminator. */
  static final int MAX_BYTES = 63;

  private SqlName() {}

  /**
   * The name itself.
   *
   * @throws IllegalArgumentException if it is empty, longer than that in UTF-8, or can't be stored
   */
  static String require(String what, String name, int maxBytes) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0 || bytes > maxBytes) {
      throw new IllegalArgumentException(
          what + ": " + bytes + " bytes (expected: 1 to " + maxBytes + ")");
    }
    PgText.require(what, name);
    return name;
  }

  /** As it stands in a statement. */
  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
