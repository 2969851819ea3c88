package dev.eventbroker.pg;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;

/** A PostgreSQL of one test's own, which may be killed and started again. */
final class OwnServer implements AutoCloseable {

  private final Path data;
  private final Map<String, String> settings;
  private EmbeddedPostgres postgres;

  OwnServer(Path data) throws IOException {
    this(data, Map.of());
  }

  OwnServer(Path data, Map<String, String> settings) throws IOException {
    this.data = data;
    this.settings = settings;
    this.postgres = start(0);
  }

  /** A copy of this one, which follows it; this one is started anew for that. */
  OwnServer standby(Path copy) throws IOException {
    int port = postgres.getPort();
    postgres.close();
    copyData(copy);
    postgres = start(port);
    Files.createFile(copy.resolve("standby.signal"));
    Files.writeString(
        copy.resolve("postgresql.auto.conf"),
        "primary_conninfo = 'host=127.0.0.1 port=" + port + " user=postgres'\n",
        StandardOpenOption.APPEND);
    return new OwnServer(copy);
  }

  private void copyData(Path copy) throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.toList()) {
        Path target = copy.resolve(data.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(
              target,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else if (!file.getFileName().toString().equals("epg-lock")) {
          Files.copy(file, target);
        }
      }
    }
  }

  private EmbeddedPostgres start(int port) throws IOException {
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            // The default of ten seconds is short for a machine with other work to do.
            .setPGStartupWait(Duration.ofSeconds(60))
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            .setPort(port)
            // What has been acknowledged must survive.
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("max_connections", "200");
    settings.forEach(builder::setServerConfig);
    return builder.start();
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
    ProcessHandle process = ProcessHandle.of(postmaster()).orElseThrow();
    Signals.send("QUIT", postmaster());
    Await.of(process.onExit());
  }

  /** The process that takes in connections. */
  long postmaster() throws IOException {
    return Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0));
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  long number(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  /** With our tables in it, under the name that is the default. */
  OwnServer withSchema() throws SQLException {
    try (Connection connection = connect()) {
      PgSchema.apply(connection, PgSchema.DEFAULT_NAME);
    }
    return this;
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
