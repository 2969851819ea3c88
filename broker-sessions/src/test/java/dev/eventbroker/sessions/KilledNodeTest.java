package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Two JVMs on one Postgres, one of which is killed with 1000 sessions in its hands: the other one
 * releases each of them once, after the timeout and not before. When is asked of the database: what
 * it noted as the last touch and as the end.
 */
class KilledNodeTest {

  static final Duration HEARTBEAT = Duration.ofMillis(500);
  static final Duration TIMEOUT = Duration.ofSeconds(5);
  static final Duration SWEEP_INTERVAL = Duration.ofMillis(250);
  static final int HELD = 1000;

  private static final long PATIENCE_SECONDS = 120;

  private final TestDatabase database = new TestDatabase();
  private final List<Process> children = new ArrayList<>();

  @AfterEach
  void killChildren() {
    children.forEach(Process::destroyForcibly);
  }

  @Test
  void theOtherNodeReleasesWhatItHeldOnceAndNotBeforeItsTime() throws Exception {
    database.store().build().migrate();
    new TableOutbox(database).createTable();
    keepTimes();
    Process survivor = start("survivor", 10);
    Process victim = start("victim", HELD);
    awaitTouchedSince(now(), 10 + HELD);

    victim.destroyForcibly();
    assertThat(victim.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();

    await("select count(*) = " + HELD + " from {s}.outbox where type = 'edit.session_released'");
    await("select count(*) = 0 from {s}.eb_session where owner like 'victim-%'");
    assertThat(survivor.isAlive()).isTrue();
    assertEachReleasedOnceAfterItsTime();
    assertThat(database.count("select count(*) from {s}.eb_session where owner like 'survivor-%'"))
        .isEqualTo(10);
  }

  /** What it was touched last, for each session that ends. */
  private void keepTimes() {
    database.execute(
        "create table {s}.ends (id uuid, owner text, touched_at timestamptz, ended_at timestamptz)",
        "create function {s}.note_end() returns trigger language plpgsql as $$ begin"
            + " insert into {s}.ends values"
            + " (old.id, old.owner, old.touched_at, clock_timestamp()); return old; end $$",
        "create trigger note_end after delete on {s}.eb_session for each row"
            + " execute function {s}.note_end()");
  }

  private void assertEachReleasedOnceAfterItsTime() throws SQLException {
    Set<String> released = new HashSet<>();
    try (Connection connection = database.newConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select id, owner, touched_at, ended_at from " + database.schema() + ".ends")) {
      while (rows.next()) {
        assertThat(rows.getString("owner")).startsWith("victim-");
        assertThat(released.add(rows.getString("id"))).as("once").isTrue();
        Instant touched = rows.getObject("touched_at", OffsetDateTime.class).toInstant();
        Instant ended = rows.getObject("ended_at", OffsetDateTime.class).toInstant();
        assertThat(Duration.between(touched, ended)).isGreaterThanOrEqualTo(TIMEOUT);
      }
    }
    assertThat(released).hasSize(HELD);
    String events = "select count(%s) from {s}.outbox where type = 'edit.session_released'";
    assertThat(database.count(events.formatted("*"))).isEqualTo(HELD);
    assertThat(database.count(events.formatted("distinct data->>'session'"))).isEqualTo(HELD);
    assertThat(
            database.count(
                "select count(*) from {s}.outbox where type = 'edit.session_released'"
                    + " and data->>'reason' <> 'expired'"))
        .isZero();
  }

  private Process start(String name, int sessions) throws IOException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                HoldingNode.class.getName(),
                database.url(),
                database.schema(),
                name,
                Integer.toString(sessions))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    children.add(child);
    BufferedReader out =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
    String line = out.readLine();
    while (line != null && !line.equals(HoldingNode.READY)) {
      line = out.readLine();
    }
    assertThat(line).as("what %s said before it ended", name).isEqualTo(HoldingNode.READY);
    return child;
  }

  private String now() throws SQLException {
    try (Connection connection = database.newConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select clock_timestamp()")) {
      row.next();
      return row.getString(1);
    }
  }

  /** All are alive, as the database knows it. */
  private void awaitTouchedSince(String time, int sessions) throws SQLException {
    await(
        "select count(*) = " + sessions + " from {s}.eb_session where touched_at > '" + time + "'");
  }

  private void await(String condition) throws SQLException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    try (Connection connection = database.newConnection();
        Statement statement = connection.createStatement()) {
      while (!holds(statement, condition)) {
        assertThat(System.nanoTime() - end).as("in time: %s", condition).isNegative();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  private boolean holds(Statement statement, String condition) throws SQLException {
    try (ResultSet row = statement.executeQuery(condition.replace("{s}", database.schema()))) {
      row.next();
      return row.getBoolean(1);
    }
  }
}
