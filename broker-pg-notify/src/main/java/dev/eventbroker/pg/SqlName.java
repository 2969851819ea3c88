package dev.eventbroker.pg;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Names of schemas and channels. PostgreSQL cuts longer ones without an error, and two that share
 * their first 63 bytes become one; so length is checked here, in bytes.
 */
final class SqlName {

  /** What an identifier holds: NAMEDATALEN less its terminator. */
  static final int MAX_BYTES = 63;

  /** Two of a million million million names do not meet. */
  private static final int HASH_BYTES = 20;

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

  /** The name itself where it fits, or one that is made of its hash. */
  static String fitting(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= MAX_BYTES) {
      return name;
    }
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      return "sha256." + HexFormat.of().formatHex(hash, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** As it stands in a statement. */
  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
