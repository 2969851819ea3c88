package dev.eventbroker.sessions;

import static dev.eventbroker.sessions.SessionStoreContract.EVENTS;
import static dev.eventbroker.sessions.SessionStoreContract.MANY;
import static dev.eventbroker.sessions.SessionStoreContract.TERMS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Topic;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.testing.LogLines;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The change and its event are one; and what several nodes do at once comes out right. */
class JdbcTransactionsTest {

  private final TestDatabase database = new TestDatabase();
  private final TableOutbox outbox = new TableOutbox(database);
  private final JdbcSessionStore store = database.store().outbox(outbox).build();

  @BeforeEach
  void migrate() {
    store.migrate();
    outbox.createTable();
  }

  @Test
  void eachChangeOfHandsHasItsEventAndNothingElseHas() {
    store.touch("node", Set.of("ws-1"), 0, TERMS, EVENTS);
    Session first = begin(store, "board/1", "ws-1");
    begin(store, "board/1", "ws-1");
    store.acquire(claim("board/1", "ws-2"), TERMS, EVENTS);
    store.release(first.id(), ReleaseReason.RELEASED, EVENTS);
    store.release(first.id(), ReleaseReason.RELEASED, EVENTS);
    begin(store, "board/1", "ws-1");
    store.detach("node", Set.of("ws-1"), TERMS);
    store.settle(TERMS, MANY, EVENTS);

    assertThat(outbox.stored())
        .containsExactly(
            "edit.session_acquired 1",
            "edit.session_released 1 released",
            "edit.session_acquired 2",
            "edit.session_released 2 disconnected");
    assertThat(outbox.commits()).as("hints after commits").isEqualTo(4);
  }

  @Test
  void aReleaseWhoseEventCannotBeWrittenDoesNotHappen() {
    Session session = begin(store, "board/1", "ws-1");
    outbox.refuse("released");

    assertThatThrownBy(() -> store.release(session.id(), ReleaseReason.RELEASED, EVENTS))
        .isInstanceOf(BrokerException.class)
        .hasMessage("session store: can't release");

    assertThat(store.holder("board/1")).contains(session);
    assertThat(outbox.stored()).containsExactly("edit.session_acquired 1");
    outbox.refuse("nothing");
    assertThat(store.release(session.id(), ReleaseReason.RELEASED, EVENTS)).isPresent();
  }

  @Test
  void anAcquireWhoseEventCannotBeWrittenDoesNotHappen() {
    outbox.refuse("acquired");

    assertThatThrownBy(() -> begin(store, "board/1", "ws-1")).isInstanceOf(BrokerException.class);

    assertThat(store.count()).isZero();
    assertThat(outbox.stored()).isEmpty();
    assertThat(outbox.commits()).isZero();
  }

  @Test
  void anOutboxThatThrowsAfterTheCommitChangesNothing() {
    outbox.throwAfterCommits();

    try (LogLines lines = new LogLines("dev.eventbroker.sessions")) {
      Session session = begin(store, "board/1", "ws-1");

      assertThat(store.holder("board/1")).contains(session);
      assertThat(lines.at(Level.WARN)).hasSize(1);
    }
  }

  @Test
  void fencesSurviveWithoutAHole() {
    for (int fence = 1; fence <= 3; fence++) {
      Session session = begin(store, "board/1", "ws-1");
      assertThat(session.fence()).isEqualTo(fence);
      store.release(session.id(), ReleaseReason.RELEASED, EVENTS);
    }
  }

  @Test
  void ofThoseWhoAskAtOnceOneIsFirstAndTheOthersAreToldSo() throws Exception {
    for (int round = 1; round <= 15; round++) {
      List<Callable<Acquisition>> askers = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        Claim claim = claim("board/1", "ws-" + i);
        askers.add(() -> store.acquire(claim, TERMS, EVENTS));
      }
      List<Session> winners =
          atOnce(askers).stream()
              .filter(Acquired.class::isInstance)
              .map(acquired -> ((Acquired) acquired).session())
              .toList();

      assertThat(winners).singleElement().extracting(Session::fence).isEqualTo((long) round);
      store.release(winners.get(0).id(), ReleaseReason.RELEASED, EVENTS);
    }
  }

  @Test
  void ofTwoNodesThatLoseAnOwnerAtOnceOneReleasesItsSession() throws Exception {
    for (int round = 0; round < 30; round++) {
      store.touch("node-1", Set.of("ws-1"), 0, TERMS, EVENTS);
      store.touch("node-2", Set.of("ws-1"), 0, TERMS, EVENTS);
      Session session = begin(store, "board/" + round, "ws-1");

      List<List<Session>> ended =
          atOnce(List.of(() -> leftAndAnswered("node-1"), () -> leftAndAnswered("node-2")));
      List<Session> settled = new ArrayList<>();
      ended.forEach(settled::addAll);
      answer("node-1");
      answer("node-2");
      settled.addAll(store.settle(TERMS, MANY, EVENTS));

      assertThat(settled).containsExactly(session);
    }
  }

  @Test
  void aSessionThatIsBeingTouchedIsNeitherReleasedNorWaitedFor() throws Exception {
    Session touched = begin(store, "board/1", "ws-1");
    Session stale = begin(store, "board/2", "ws-2");
    store.touch("node", Set.of(), 0, TERMS, EVENTS);
    database.execute(
        "update {s}.eb_session set touched_at = touched_at - interval '16 minutes'",
        "update {s}.eb_pulse set resumed_at = '-infinity'");

    try (Connection touching = database.newConnection();
        Statement touch = touching.createStatement()) {
      touching.setAutoCommit(false);
      touch.executeUpdate(
          "update %s.eb_session set touched_at = clock_timestamp() where owner = 'ws-1'"
              .formatted(database.schema()));
      // Waiting for the lock would end in a timeout: it is let go after this.
      assertThat(store.sweep(TERMS, MANY, EVENTS).expired()).containsExactly(stale);
      touching.commit();
    }

    assertThat(store.sweep(TERMS, MANY, EVENTS).expired()).isEmpty();
    assertThat(store.holder("board/1")).contains(touched);
  }

  @Test
  void nodesThatMigrateAtOnceMakeTheTablesOnce() throws Exception {
    String odd = "we\"ird {s} Schema " + database.schema();
    JdbcSessionStore oddStore = database.store().schema(odd).build();
    Callable<Boolean> migration =
        () -> {
          oddStore.migrate();
          return true;
        };

    atOnce(List.of(migration, migration, migration, migration));

    begin(oddStore, "board/1", "ws-1");
    assertThat(oddStore.count()).isEqualTo(1);
    assertThat(store.count()).as("in the other schema").isZero();
  }

  @Test
  void aSchemaThatPostgresWouldCutOffIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> database.store().schema("ä".repeat(32)))
        .withMessage("schema: 64 bytes (expected: 1 to 63, none of them zero)");
    assertThatIllegalArgumentException().isThrownBy(() -> database.store().schema(""));
    assertThatIllegalArgumentException().isThrownBy(() -> database.store().schema("a\0b"));
  }

  @Test
  void aPoolWithOtherDefaultsServesAsWellAndGetsItsConnectionsBackAsTheyWere() throws Exception {
    try (Connection real = database.newConnection()) {
      real.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      real.setAutoCommit(false);
      outbox.recordIsolation();
      JdbcSessionStore pooled =
          JdbcSessionStore.builder(TestPool.giving(() -> TestPool.withoutClose(real, () -> {})))
              .schema(database.schema())
              .outbox(outbox)
              .build();

      begin(pooled, "board/1", "ws-1");

      assertThat(outbox.isolation()).isEqualTo("read committed");
      assertThat(real.getAutoCommit()).isFalse();
      assertThat(real.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
      real.rollback();
    }
    assertThat(store.count()).isEqualTo(1);
  }

  @Test
  void aDatabaseThatIsAwayIsABrokerExceptionThatSaysWhatCouldNotBeDone() {
    JdbcSessionStore nowhere =
        JdbcSessionStore.builder(
                TestPool.giving(
                    () -> {
                      throw new SQLException("connection refused");
                    }))
            .build();

    assertThatThrownBy(() -> nowhere.sweep(TERMS, MANY, EVENTS))
        .isInstanceOf(BrokerException.class)
        .hasMessage("session store: can't sweep")
        .hasRootCauseMessage("connection refused");
    assertThatCode(nowhere::storesEvents).doesNotThrowAnyException();
  }

  private List<Session> leftAndAnswered(String node) {
    store.detach(node, Set.of("ws-1"), TERMS);
    answer(node);
    return store.settle(TERMS, MANY, EVENTS);
  }

  private void answer(String node) {
    store.touch(node, Set.of(), store.openRoll(), TERMS, EVENTS);
  }

  private static Session begin(JdbcSessionStore store, String resource, String owner) {
    return ((Acquired) store.acquire(claim(resource, owner), TERMS, EVENTS)).session();
  }

  private static Claim claim(String resource, String owner) {
    return new Claim(resource, Topic.of(resource), owner, "ann", Mode.EXCLUSIVE);
  }

  private static <T> List<T> atOnce(List<Callable<T>> calls) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(calls.size());
    try {
      List<T> results = new ArrayList<>();
      for (Future<T> result : threads.invokeAll(calls)) {
        results.add(result.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }
}
