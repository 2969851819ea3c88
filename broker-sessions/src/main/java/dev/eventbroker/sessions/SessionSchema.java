package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The tables, made by the SQL files beside this class. Each file is applied once, in order, and
 * never changed after it was released; what comes later is a file more.
 */
final class SessionSchema {

  private static final List<String> VERSIONS = List.of("V1__sessions.sql");

  /** Longest identifier in UTF-8 bytes; what is longer Postgres cuts off in silence. */
  private static final int MAX_IDENTIFIER_BYTES = 63;

  /** Any number, the same on all nodes: they migrate one after another. "ebsess" in ASCII. */
  private static final long MIGRATION_LOCK = 0x656273657373L;

  private final String name;
  private final String quoted;
  private final String clock;

  /**
   * @param clock what tells the time in SQL
   * @throws IllegalArgumentException if no schema can have that name
   */
  SessionSchema(String name, String clock) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0 || bytes > MAX_IDENTIFIER_BYTES || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "schema: "
              + bytes
              + " bytes (expected: 1 to "
              + MAX_IDENTIFIER_BYTES
              + ", none of them zero)");
    }
    this.name = name;
    this.clock = clock;
    this.quoted = '"' + name.replace("\"", "\"\"") + '"';
  }

  /** The same one with another clock. */
  SessionSchema timedBy(String newClock) {
    return new SessionSchema(name, newClock);
  }

  /** The statement with its tables in this schema, and its clock. */
  String in(String sql) {
    return sql.replace("{now}", clock)
        .replace("'{s}.", "'" + quoted.replace("'", "''") + '.')
        .replace("{s}", quoted);
  }

  /** Applies what is missing. All or nothing; nodes that do this at once wait for one another. */
  void migrate(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select pg_advisory_xact_lock(" + MIGRATION_LOCK + ")");
      // "create schema if not exists" asks for the right to create one even where it exists.
      if (!exists(connection)) {
        statement.execute("create schema " + quoted);
      }
      statement.execute("set local search_path to " + quoted);
      statement.execute(
          """
          create table if not exists eb_session_version (
            version int primary key,
            applied_at timestamptz not null default clock_timestamp())""");
      for (int version = applied(statement) + 1; version <= VERSIONS.size(); version++) {
        statement.execute(text(VERSIONS.get(version - 1)));
        statement.execute("insert into eb_session_version (version) values (" + version + ")");
      }
    }
  }

  private boolean exists(Connection connection) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("select 1 from pg_namespace where nspname = ?")) {
      query.setString(1, name);
      try (ResultSet found = query.executeQuery()) {
        return found.next();
      }
    }
  }

  private static int applied(Statement statement) throws SQLException {
    try (ResultSet newest =
        statement.executeQuery("select coalesce(max(version), 0) from eb_session_version")) {
      newest.next();
      return newest.getInt(1);
    }
  }

  private static String text(String file) {
    try (InputStream sql = SessionSchema.class.getResourceAsStream("sql/" + file)) {
      return new String(requireNonNull(sql, file).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }
}
