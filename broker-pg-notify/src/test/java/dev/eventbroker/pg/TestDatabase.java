package dev.eventbroker.pg;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** A real PostgreSQL, started once for all tests of a JVM; each test has a schema of its own. */
final class TestDatabase {

  private static final AtomicInteger SCHEMAS = new AtomicInteger();

  private TestDatabase() {}

  private static final class Server {
    static final EmbeddedPostgres POSTGRES = start();

    private static EmbeddedPostgres start() {
      try {
        TestCertificate certificate = TestCertificate.create();
        return EmbeddedPostgres.builder()
            // The default of ten seconds is short for a machine with other work to do.
            .setPGStartupWait(Duration.ofSeconds(60))
            .setServerConfig("max_prepared_transactions", "100")
            .setServerConfig("ssl", "on")
            .setServerConfig("ssl_cert_file", certificate.certificate().toString())
            .setServerConfig("ssl_key_file", certificate.key().toString())
            .start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  static int port() {
    return Server.POSTGRES.getPort();
  }

  static String url() {
    return url(port());
  }

  static String url(int port) {
    return "jdbc:postgresql://localhost:" + port + "/postgres?user=postgres&sslmode=disable";
  }

  static String tlsUrl(int port) {
    return "jdbc:postgresql://localhost:" + port + "/postgres?user=postgres&sslmode=require";
  }

  static Connection connect() throws SQLException {
    return DriverManager.getConnection(url());
  }

  /** The name of a new schema with our tables in it. */
  static String newSchema() throws SQLException {
    String schema = "events_" + SCHEMAS.incrementAndGet();
    try (Connection connection = connect()) {
      PgSchema.apply(connection, schema);
    }
    return schema;
  }

  static void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** What a failover without the last transactions does: everything after that position is gone. */
  static void loseAfter(String schema, long position) throws SQLException {
    execute(losingAfter(schema, position));
  }

  /** The same for another server. */
  static String losingAfter(String schema, long position) {
    return """
        begin;
        delete from %1$s.eb_outbox o using %1$s.eb_ordered p where p.seq = o.seq and p.pos > %2$d;
        delete from %1$s.eb_ordered where pos > %2$d;
        delete from %1$s.eb_idempotency where pos > %2$d;
        delete from %1$s.eb_run where pos > %2$d;
        commit
        """
        .formatted(schema, position);
  }

  /** How many backends serve connections whose name starts so. */
  static long backends(String applicationNamePrefix) {
    return number(
        "select count(*) from pg_stat_activity where starts_with(application_name, ?)",
        applicationNamePrefix);
  }

  /** Ends the backends whose names start so; returns how many there were. */
  static long terminate(String applicationNamePrefix) {
    return number(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            + " where starts_with(application_name, ?)",
        applicationNamePrefix);
  }

  static long number(String sql, String... parameters) {
    try (Connection connection = connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }
}
