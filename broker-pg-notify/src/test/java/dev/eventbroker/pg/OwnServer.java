package dev.eventbroker.pg;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** A PostgreSQL of one test's own, which may be killed and started again. */
final class OwnServer implements AutoCloseable {

  private final Path data;
  private EmbeddedPostgres postgres;

  OwnServer(Path data) throws IOException {
    this.data = data;
    this.postgres = start(0);
  }

  private EmbeddedPostgres start(int port) throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setPort(port)
        // What has been acknowledged must survive.
        .setServerConfig("synchronous_commit", "on")
        .setServerConfig("max_connections", "200")
        .start();
  }

  String url() {
    return TestDatabase.url(postgres.getPort());
  }

  int port() {
    return postgres.getPort();
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url());
  }

  /** Ends it without a goodbye to anybody, as a crash does; it is down after this. */
  void crash() throws Exception {
    long postmaster = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0));
    ProcessHandle process = ProcessHandle.of(postmaster).orElseThrow();
    Signals.send("QUIT", postmaster);
    Await.of(process.onExit());
  }

  /** Ends one backend as a crash does: the server ends all others, and recovers at once. */
  void killABackend() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
      row.next();
      Signals.send("KILL", row.getLong(1));
    } catch (SQLException e) {
      // It is down already, or its own connection could not be closed in an orderly way.
    }
  }

  /** After a crash, at the same port. */
  void startAgain() throws IOException {
    int port = postgres.getPort();
    postgres.close();
    postgres = start(port);
  }

  @Override
  public void close() throws IOException {
    postgres.close();
  }
}
