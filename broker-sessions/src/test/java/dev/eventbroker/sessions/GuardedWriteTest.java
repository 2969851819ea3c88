package dev.eventbroker.sessions;

import static dev.eventbroker.sessions.SessionStoreContract.EVENTS;
import static dev.eventbroker.sessions.SessionStoreContract.MANY;
import static dev.eventbroker.sessions.SessionStoreContract.TERMS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Topic;
import dev.eventbroker.sessions.Acquisition.Acquired;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A write with the fence in its own condition, as the documentation has it. */
class GuardedWriteTest {

  private static final long PATIENCE_SECONDS = 30;

  private final TestDatabase database = new TestDatabase();
  private final JdbcSessionStore store = database.store().build();
  private final ExecutorService other = Executors.newSingleThreadExecutor();

  @BeforeEach
  void migrate() {
    store.migrate();
    database.execute(
        "create table {s}.card (id int, title text)", "insert into {s}.card values (1, 'old')");
  }

  @AfterEach
  void stop() {
    other.shutdownNow();
  }

  @Test
  void onlyThePresentHolderWrites() throws SQLException {
    Session former = acquire("ws-1");

    assertThat(write(former, "by the holder")).isEqualTo(1);
    Session next = takeOver(former, "ws-2");
    assertThat(write(former, "too late")).isZero();
    assertThat(write(next, "by the next")).isEqualTo(1);
    store.release(next.id(), ReleaseReason.RELEASED, EVENTS);
    assertThat(write(next, "too late")).isZero();
  }

  @Test
  void presenceIsNoRightToWrite() throws SQLException {
    Claim claim = new Claim("board/1", Topic.of("board"), "ws-1", "ann", Mode.SHARED);
    Acquired joined = (Acquired) store.acquire(claim, TERMS, EVENTS);

    assertThat(write(joined.session(), "by who is only there")).isZero();
  }

  @Test
  void aTakeOverWaitsForAWriteUnderWayAndHeartbeatsAndSweepsDoNot() throws Exception {
    Session holder = acquire("ws-1");
    try (Connection connection = database.newConnection()) {
      connection.setAutoCommit(false);
      assertThat(write(connection, holder, "under way")).isEqualTo(1);

      Future<Session> taken = other.submit(() -> takeOver(holder, "ws-2"));
      awaitWaitingForALock();
      store.touch("node", Set.of("ws-1"), 0, TERMS, EVENTS);
      store.detach("node", Set.of("ws-1"), TERMS);
      assertThat(store.settle(TERMS, MANY, EVENTS)).isEmpty();
      database.execute(
          "update {s}.eb_pulse set resumed_at = '-infinity'",
          "update {s}.eb_session set touched_at = touched_at - interval '1 hour'");
      assertThat(store.sweep(TERMS, MANY, EVENTS).expired()).isEmpty();
      assertThat(taken.isDone()).isFalse();

      connection.commit();
      Session next = taken.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertThat(next.fence()).isGreaterThan(holder.fence());
    }
    assertThat(database.count("select count(*) from {s}.card where title = 'under way'"))
        .isEqualTo(1);
  }

  @Test
  void aWriteThatWaitsForATakeOverWritesNothing() throws Exception {
    Session holder = acquire("ws-1");
    try (Connection connection = database.newConnection()) {
      connection.setAutoCommit(false);
      try (PreparedStatement end =
          connection.prepareStatement(
              "delete from %s.eb_session where id = ?".formatted(database.schema()))) {
        end.setObject(1, holder.id());
        end.executeUpdate();
      }
      Future<Integer> written = other.submit(() -> write(holder, "too late"));
      awaitWaitingForALock();

      connection.commit();

      assertThat(written.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isZero();
    }
  }

  private Session acquire(String owner) {
    return ((Acquired) store.acquire(claim(owner), TERMS, EVENTS)).session();
  }

  private Session takeOver(Session from, String owner) {
    return ((Acquired) store.takeOver(claim(owner), from.fence(), TERMS, EVENTS)).session();
  }

  private static Claim claim(String owner) {
    return new Claim("board/1", Topic.of("board"), owner, "ann", Mode.EXCLUSIVE);
  }

  private int write(Session session, String title) throws SQLException {
    try (Connection connection = database.newConnection()) {
      return write(connection, session, title);
    }
  }

  private int write(Connection connection, Session session, String title) throws SQLException {
    String update =
        "update %s.card set title = ? where id = 1 and ".formatted(database.schema())
            + store.condition();
    try (PreparedStatement statement = connection.prepareStatement(update)) {
      statement.setString(1, title);
      statement.setString(2, session.resource());
      statement.setLong(3, session.fence());
      return statement.executeUpdate();
    }
  }

  private void awaitWaitingForALock() {
    String waiting =
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%"
            + database.schema()
            + "%'";
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (database.count(waiting) == 0) {
      assertThat(System.nanoTime() - end).as("somebody waits").isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }
}
