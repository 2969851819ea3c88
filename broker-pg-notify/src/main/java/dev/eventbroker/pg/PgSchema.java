package dev.eventbroker.pg;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerException;
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
 * The tables that a {@link PgBackplane} works on: plain SQL files in this jar ({@code
 * dev/eventbroker/pg/sql}), one for each version, for {@link #apply} or for a migration tool of
 * your own.
 */
public final class PgSchema {

  /** The schema's name if nobody says otherwise. */
  public static final String DEFAULT_NAME = "eventbroker";

  /** Leaves room for what channels are named beside the schema. */
  static final int MAX_NAME_BYTES = 40;

  private static final List<String> FILES = List.of("sql/V1__eventbroker.sql");

  /** Any number that other users of advisory locks are unlikely to choose. */
  static final long LOCK = 0x6576_656e_7462_726bL;

  private PgSchema() {}

  /**
   * Creates the schema, or brings it up to the version of this library. Several nodes may do so at
   * once: one works, the others wait for it. All or nothing, in a transaction of its own; the
   * connection must not be in one, and is left as it was.
   *
   * @throws SQLException if the role may not create it, or anything else fails
   */
  public static void apply(Connection connection, String schema) throws SQLException {
    requireNonNull(connection, "connection");
    String quoted = SqlName.quoted(requireName(schema));
    boolean autoCommit = connection.getAutoCommit();
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      // Or else what is seen after the wait would be as old as the wait.
      statement.execute("set transaction isolation level read committed");
      statement.execute("select pg_advisory_xact_lock(" + LOCK + ")");
      statement.execute("create schema if not exists " + quoted);
      statement.execute("set local search_path to " + quoted);
      for (String file : FILES.subList(version(connection, schema), FILES.size())) {
        statement.execute(read(file));
      }
      connection.commit();
    } catch (SQLException | RuntimeException e) {
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(autoCommit);
    }
  }

  /**
   * Says whether the schema is the one that this library works with.
   *
   * @throws BrokerException if it is missing, or of another version
   * @throws SQLException if that could not be found out
   */
  public static void check(Connection connection, String schema) throws SQLException {
    int version = version(connection, requireName(schema));
    if (version != FILES.size()) {
      throw new BrokerException(
          "schema \""
              + schema
              + "\": "
              + (version == 0 ? "missing" : "version " + version)
              + " (expected: version "
              + FILES.size()
              + ", made by PgSchema.apply)");
    }
  }

  static String requireName(String schema) {
    return SqlName.require("schema", schema, MAX_NAME_BYTES);
  }

  /** 0 where there is nothing. */
  private static int version(Connection connection, String schema) throws SQLException {
    String table = SqlName.quoted(schema) + ".schema_version";
    try (PreparedStatement statement =
        connection.prepareStatement("select to_regclass(?) is not null")) {
      statement.setString(1, table);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        if (!row.getBoolean(1)) {
          return 0;
        }
      }
    }
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select max(version) from " + table)) {
      row.next();
      return row.getInt(1);
    }
  }

  private static String read(String file) {
    try (InputStream stream = PgSchema.class.getResourceAsStream(file)) {
      return new String(requireNonNull(stream, file).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }
}
