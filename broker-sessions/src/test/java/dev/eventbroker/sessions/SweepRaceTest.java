package dev.eventbroker.sessions;

import static dev.eventbroker.sessions.SessionStoreContract.EVENTS;
import static dev.eventbroker.sessions.SessionStoreContract.TERMS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Topic;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Four nodes sweep while three touch and people come and go: everybody else's work at once. */
class SweepRaceTest {

  private static final int OWNERS = 20_000;
  private static final int BATCH = SessionWorker.BATCH;
  private static final int SWEEPERS = 4;

  private final TestDatabase database = new TestDatabase();
  private final TableOutbox outbox = new TableOutbox(database);
  private final JdbcSessionStore store = database.store().outbox(outbox).build();

  @Test
  void everySessionIsReleasedOnceOrKeptAndNobodyDeadlocks() throws Exception {
    store.migrate();
    outbox.createTable();
    database.execute(
        "insert into {s}.eb_session"
            + " (id, resource, topic, owner, user_name, fence, shared, acquired_at, touched_at)"
            + " select gen_random_uuid(), 'board/' || i, 'board/' || i, 'ws-' || i, 'ann', 1, false,"
            + " clock_timestamp(), clock_timestamp() - interval '16 minutes'"
            + " from generate_series(1, "
            + OWNERS
            + ") i",
        // Long running, and suspicious for long: all that have expired may go at once.
        "insert into {s}.eb_pulse values (1, clock_timestamp(), '-infinity', '-infinity')");
    ConcurrentLinkedQueue<Session> expired = new ConcurrentLinkedQueue<>();
    CountDownLatch touched = new CountDownLatch(1);

    List<Callable<Integer>> work = new ArrayList<>();
    for (int i = 0; i < SWEEPERS; i++) {
      work.add(() -> sweepUntilDry(touched, expired));
    }
    // The same owners in other sets: in hash order, the locks would be taken in any order.
    work.add(() -> touchAll("node-1", 0, 3, touched));
    work.add(() -> touchAll("node-2", 0, 3, touched));
    work.add(() -> touchAll("node-3", 1, 3, touched));
    work.add(this::releaseAndAcquire);
    ExecutorService threads = Executors.newFixedThreadPool(work.size());
    try {
      for (Future<Integer> result : threads.invokeAll(work)) {
        // A deadlock is an exception of one of them.
        result.get();
      }
    } finally {
      threads.shutdownNow();
    }

    Set<Session> distinct = new HashSet<>(expired);
    assertThat(distinct).as("released twice").hasSameSizeAs(expired);
    assertThat(expired)
        .as("released although its owner was touched before any sweep")
        .noneMatch(session -> isTouchedFirst(session.owner()));
    assertThat(
            database.count(
                "select count(*) from {s}.outbox"
                    + " where type = 'edit.session_released' and data->>'reason' = 'expired'"))
        .isEqualTo(expired.size());
    assertThat(
            database.count(
                "select count(*) from (select data->>'session' from {s}.outbox"
                    + " where type = 'edit.session_lost' group by 1 having count(*) > 1) twice"))
        .as("told twice")
        .isZero();
    assertThat(
            database.count(
                "select count(*) from (select data->>'session' from {s}.outbox"
                    + " where type = 'edit.session_released' group by 1 having count(*) > 1) twice"))
        .isZero();
    assertThat(
            database.count(
                "select count(*) from {s}.eb_session"
                    + " where touched_at < clock_timestamp() - interval '15 minutes'"))
        .as("neither touched nor released")
        .isZero();
    assertThat(database.count("select count(*) from {s}.eb_session"))
        .isGreaterThanOrEqualTo(OWNERS / 4);
  }

  /** A quarter is touched before the first sweep: it must survive whatever follows. */
  private static boolean isTouchedFirst(String owner) {
    return number(owner) % 4 == 0;
  }

  private static int number(String owner) {
    return Integer.parseInt(owner.substring(3));
  }

  private int sweepUntilDry(CountDownLatch touched, ConcurrentLinkedQueue<Session> expired)
      throws InterruptedException {
    touched.await();
    int dry = 0;
    int sweeps = 0;
    while (dry < 5) {
      List<Session> gone = store.sweep(TERMS, BATCH, EVENTS).expired();
      expired.addAll(gone);
      dry = gone.isEmpty() ? dry + 1 : 0;
      sweeps++;
    }
    return sweeps;
  }

  private int touchAll(String node, int first, int step, CountDownLatch touched) {
    store.touch(node, owners(4, 4), 0, TERMS, EVENTS);
    touched.countDown();
    for (int round = 0; round < 8; round++) {
      store.touch(node, owners(4, 4), 0, TERMS, EVENTS);
      // Ever more of those that the sweepers are after.
      store.touch(node, owners(1 + first + round * step, 97), 0, TERMS, EVENTS);
    }
    return 0;
  }

  private static Set<String> owners(int first, int step) {
    Set<String> owners = new HashSet<>();
    for (int i = first; i <= OWNERS; i += step) {
      owners.add("ws-" + i);
    }
    return owners;
  }

  /** Those who are released by hand in the middle of it all, and acquired again. */
  private int releaseAndAcquire() {
    for (int i = 4; i <= 200; i += 4) {
      store.releaseOwner("ws-" + i, EVENTS);
      store.detach("node-1", Set.of("ws-" + (i + 1)), TERMS);
      store.settle(TERMS, BATCH, EVENTS);
      store.acquire(
          new Claim("board/" + i, Topic.of("board/" + i), "ws-" + i, "bob", Mode.EXCLUSIVE),
          TERMS,
          EVENTS);
    }
    return 0;
  }
}
