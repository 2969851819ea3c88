package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.pg.PgBackplane;
import dev.eventbroker.pg.PgSchema;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;

/**
 * A PostgreSQL of our own with our schema and a table of an application, with the server's own
 * defaults ({@code fsync} included).
 */
final class BenchmarkDatabase implements AutoCloseable {

  /** What writers are called in {@code pg_stat_activity}. */
  static final String WRITER = "benchmark-writer";

  /** An application's table: {@code id bigint, text text}. */
  static final String BUSINESS = "benchmark_business";

  private static final String USER = "postgres";

  private final EmbeddedPostgres server;

  private BenchmarkDatabase(EmbeddedPostgres server) {
    this.server = server;
  }

  static BenchmarkDatabase open() throws IOException, SQLException {
    BenchmarkDatabase database =
        new BenchmarkDatabase(
            EmbeddedPostgres.builder()
                // The default of ten seconds is short for a machine with other work to do.
                .setPGStartupWait(Duration.ofSeconds(60))
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .start());
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      PgSchema.apply(connection, PgSchema.DEFAULT_NAME);
      statement.execute("create table " + BUSINESS + " (id bigint, text text)");
    }
    return database;
  }

  String url() {
    return server.getJdbcUrl(USER, USER);
  }

  int port() {
    return server.getPort();
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url());
  }

  /** A connection that {@link ServerTime} knows as a writer's. */
  Connection connectWriter() throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("ApplicationName", WRITER);
    return DriverManager.getConnection(url(), properties);
  }

  /** What one measurement leaves behind must not weigh on the next. */
  void clean() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("truncate " + BUSINESS);
      statement.execute("checkpoint");
    }
  }

  PgBackplane backplane() {
    return PgBackplane.builder(url()).maxPending(50_000).build();
  }

  static void subscribe(Broker broker, Subscriber subscriber) {
    var unused =
        broker.subscribe(
            SubscribeRequest.by(Authorized.principal("benchmark")).filter(TopicFilter.ALL).build(),
            subscriber);
  }

  static Broker broker(PgBackplane backplane) {
    return new BrokerBuilder().backplane(backplane).build();
  }

  static void close(Broker broker) {
    var unused = broker.close(Duration.ZERO);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
