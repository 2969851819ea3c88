package dev.eventbroker.sessions;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** One server for the whole run, and a schema of its own for each test. */
final class TestDatabase {

  private static final AtomicInteger SCHEMAS = new AtomicInteger();

  private final String schema = "sessions_" + SCHEMAS.incrementAndGet();

  /** The server is stopped by a shutdown hook of its own. */
  private static final class Server {

    static final EmbeddedPostgres POSTGRES = start();
    static final DataSource POOL = new TestPool(POSTGRES.getPostgresDatabase()).dataSource();

    private static EmbeddedPostgres start() {
      try {
        return EmbeddedPostgres.builder()
            // The default of ten seconds is short for a machine with other work to do.
            .setPGStartupWait(Duration.ofSeconds(60))
            .setServerConfig("max_connections", "60")
            .start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  DataSource dataSource() {
    return Server.POOL;
  }

  /** Not of the pool. */
  Connection newConnection() throws SQLException {
    return Server.POSTGRES.getPostgresDatabase().getConnection();
  }

  String url() {
    return Server.POSTGRES.getJdbcUrl("postgres", "postgres");
  }

  String schema() {
    return schema;
  }

  JdbcSessionStore.Builder store() {
    return JdbcSessionStore.builder(dataSource()).schema(schema);
  }

  /** The schema stands as {@code {s}} in the statements. */
  void execute(String... statements) {
    try (Connection connection = dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql.replace("{s}", schema));
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  long count(String query) {
    try (Connection connection = dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query.replace("{s}", schema))) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
