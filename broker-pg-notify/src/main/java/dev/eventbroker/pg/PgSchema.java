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
import java.util.regex.Pattern;

/**
 * The tables that a {@link PgBackplane} works on: plain SQL files in this jar ({@code
 * dev/eventbroker/pg/sql}), one for each version, for {@link #apply} or for a migration tool of
 * your own.
 */
public final class PgSchema {

  /** The schema's name if nobody says otherwise. */
  public static final String DEFAULT_NAME = "eventbroker";

  /** What all names in it start with if nobody says otherwise; so they stand in the files. */
  public static final String DEFAULT_PREFIX = "eb_";

  /** Leaves room for what channels are named beside the schema. */
  static final int MAX_NAME_BYTES = 40;

  private static final Pattern PREFIX = Pattern.compile("[a-z][a-z0-9_]{0,9}");

  private static final List<String> FILES = List.of("sql/V1__eventbroker.sql");

  /** Any number that other users of advisory locks are unlikely to choose. */
  static final long LOCK = 0x6576_656e_7462_726bL;

  private PgSchema() {}

  /**
   * As {@link #apply(Connection, String, String)} with the default prefix.
   *
   * @throws SQLException if the role may not create it, or anything else fails
   */
  public static void apply(Connection connection, String schema) throws SQLException {
    apply(connection, schema, DEFAULT_PREFIX);
  }

  /**
   * Creates the schema, or brings it up to the version of this library; a schema that is up to date
   * is only looked at, and one that exists is not created, so that no more rights are asked for
   * than there is work. Several nodes may do so at once: one works, the others wait for it. All or
   * nothing, in a transaction of its own; the connection must not be in one, and is left as it was.
   *
   * @throws SQLException if the role may not create it, or anything else fails
   * @throws IllegalArgumentException if the schema is not 1 to 40 bytes, or the prefix not 1 to 10
   *     characters out of {@code a-z 0-9 _}, a letter first
   */
  public static void apply(Connection connection, String schema, String prefix)
      throws SQLException {
    requireNonNull(connection, "connection");
    String quoted = SqlName.quoted(requireName(schema));
    requirePrefix(prefix);
    if (connection.getAutoCommit() && version(connection, schema, prefix) == FILES.size()) {
      return;
    }
    boolean autoCommit = connection.getAutoCommit();
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      // Or else what is seen after the wait would be as old as the wait.
      statement.execute("set transaction isolation level read committed");
      statement.execute("select pg_advisory_xact_lock(" + LOCK + ")");
      if (!exists(connection, "to_regnamespace", quoted)) {
        statement.execute("create schema " + quoted);
      }
      statement.execute("set local search_path to " + quoted);
      List<String> scripts = scripts(prefix);
      for (String script :
          scripts.subList(
              Math.min(scripts.size(), version(connection, schema, prefix)), scripts.size())) {
        statement.execute(script);
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
   * The content of the SQL files in the order of their versions, with that prefix in place of
   * {@value #DEFAULT_PREFIX}: for a migration tool of your own. Each is run once, with the schema
   * as the first of the search path.
   *
   * @throws IllegalArgumentException if the prefix is not as {@link #apply} says
   */
  public static List<String> scripts(String prefix) {
    requirePrefix(prefix);
    return FILES.stream()
        .map(PgSchema::read)
        .map(script -> script.replaceAll("\\b" + DEFAULT_PREFIX, prefix))
        .toList();
  }

  /**
   * As {@link #check(Connection, String, String)} with the default prefix.
   *
   * @throws BrokerException if it is missing, or of another version
   * @throws SQLException if that could not be found out
   */
  public static void check(Connection connection, String schema) throws SQLException {
    check(connection, schema, DEFAULT_PREFIX);
  }

  /**
   * Says whether the schema is the one that this library works with. Changes nothing.
   *
   * @throws BrokerException if it is missing, or of another version
   * @throws SQLException if that could not be found out
   */
  public static void check(Connection connection, String schema, String prefix)
      throws SQLException {
    int version = version(connection, requireName(schema), requirePrefix(prefix));
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

  static String requirePrefix(String prefix) {
    if (!PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException(
          "prefix: \"" + prefix + "\" (expected: " + PREFIX.pattern() + ")");
    }
    return prefix;
  }

  /** 0 where there is nothing. */
  private static int version(Connection connection, String schema, String prefix)
      throws SQLException {
    String table = SqlName.quoted(schema) + "." + prefix + "outbox_version";
    if (!exists(connection, "to_regclass", table)) {
      return 0;
    }
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select max(version) from " + table)) {
      row.next();
      return row.getInt(1);
    }
  }

  private static boolean exists(Connection connection, String lookUp, String name)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("select " + lookUp + "(?) is not null")) {
      statement.setString(1, name);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
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
