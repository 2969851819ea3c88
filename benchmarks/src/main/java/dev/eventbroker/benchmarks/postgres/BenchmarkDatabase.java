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
import java.util.Optional;

/**
 * A PostgreSQL with a fresh schema: the one at the URL that is the first argument, or one that is
 * started for the run, with the server's own defaults ({@code fsync} included).
 */
final class BenchmarkDatabase implements AutoCloseable {

  static final String SCHEMA = "eventbroker_benchmark";

  private final Optional<EmbeddedPostgres> own;
  private final String url;

  private BenchmarkDatabase(Optional<EmbeddedPostgres> own, String url) {
    this.own = own;
    this.url = url;
  }

  static BenchmarkDatabase open(String[] args) throws IOException, SQLException {
    Optional<EmbeddedPostgres> own =
        args.length > 0
            ? Optional.empty()
            : Optional.of(
                EmbeddedPostgres.builder()
                    .setServerConfig("fsync", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .start());
    String url =
        own.map(server -> server.getJdbcUrl("postgres", "postgres")).orElseGet(() -> args[0]);
    BenchmarkDatabase database = new BenchmarkDatabase(own, url);
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("drop schema if exists " + SCHEMA + " cascade");
      PgSchema.apply(connection, SCHEMA);
    }
    return database;
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url);
  }

  PgBackplane backplane() {
    return PgBackplane.builder(url).schema(SCHEMA).maxPending(50_000).build();
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
    if (own.isPresent()) {
      own.get().close();
    }
  }
}
