package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fifty transactions at a time that dawdle, take back savepoints, roll back or are prepared and
 * committed later, on two nodes whose workers race for the sequencer and lose their backends.
 */
class TransactionRaceTest {

  private static final int WRITERS = 50;
  private static final int ROUNDS = 6;

  private String schema;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void whatIsCommittedComesOnceInOneOrderAndNothingElse(long seed) throws Exception {
    schema = TestDatabase.newSchema();
    TestDatabase.execute(
        "create table "
            + schema
            + ".counter (n int); insert into "
            + schema
            + ".counter values (0)");
    ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
    try (Node here = Node.on(schema);
        Node there = Node.on(schema)) {
      Node.Received atHere = here.subscribe();
      Node.Received atThere = there.subscribe();
      List<Callable<List<List<String>>>> writers = new ArrayList<>();
      for (int w = 0; w < WRITERS; w++) {
        int writer = w;
        Node node = w % 2 == 0 ? here : there;
        writers.add(() -> write(node.backplane, writer, new Random(seed * 1000 + writer)));
      }

      List<Future<List<List<String>>>> running = new ArrayList<>();
      writers.forEach(writer -> running.add(threads.submit(writer)));
      for (Node node : List.of(here, there)) {
        TestDatabase.terminate(node.backplane.name() + "-worker");
      }
      List<List<String>> committed = new ArrayList<>();
      for (Future<List<List<String>>> writer : running) {
        committed.addAll(writer.get());
      }
      List<String> expected = committed.stream().flatMap(List::stream).toList();
      Await.until("all here", () -> atHere.deliveries.size() >= expected.size());
      Await.until("all there", () -> atThere.deliveries.size() >= expected.size());
      here.publish("end");
      atHere.await(expected.size() + 1);
      atThere.await(expected.size() + 1);

      List<String> seen = atHere.data().subList(0, expected.size());
      assertThat(seen).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(atHere.ids())
          .extracting(EventId::position)
          .containsExactlyElementsOf(
              LongStream.rangeClosed(1, expected.size() + 1).boxed().toList());
      assertThat(atThere.ids()).isEqualTo(atHere.ids());
      assertThat(atThere.data()).isEqualTo(atHere.data());
      assertThat(atHere.gaps).isEmpty();
      assertThat(atThere.gaps).isEmpty();
      assertOrders(seen, committed);
    } finally {
      threads.shutdownNow();
    }
  }

  /** Those of a transaction in their order, and those that waited for one lock in that of it. */
  private static void assertOrders(List<String> seen, List<List<String>> committed) {
    Map<String, Integer> places = new HashMap<>();
    seen.forEach(event -> places.put(event, places.size()));
    for (List<String> transaction : committed) {
      assertThat(transaction).extracting(places::get).isSorted();
    }
    assertThat(seen.stream().filter(event -> event.startsWith("n=")).toList())
        .extracting(event -> Integer.parseInt(event.substring(2)))
        .isSorted();
  }

  /** The events of each transaction that was committed. */
  private List<List<String>> write(PgBackplane backplane, int writer, Random random)
      throws SQLException {
    List<List<String>> committed = new ArrayList<>();
    try (Connection connection = TestDatabase.connect()) {
      for (int round = 0; round < ROUNDS; round++) {
        connection.setAutoCommit(false);
        List<String> events = new ArrayList<>();
        String name = writer + "." + round;
        if (random.nextInt(4) == 0) {
          events.add("n=" + count(connection));
          backplane.publish(connection, Node.event(events.get(0)));
        }
        for (int i = random.nextInt(3); i >= 0; i--) {
          publishInSavepoint(backplane, connection, name + "." + i, events, random);
          dawdle(random);
        }
        if (end(connection, schema + "." + name, random)) {
          committed.add(events);
        }
        if (random.nextBoolean()) {
          backplane.wake();
        }
      }
    }
    return committed;
  }

  private int count(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("update " + schema + ".counter set n = n + 1 returning n")) {
      row.next();
      return row.getInt(1);
    }
  }

  private static void publishInSavepoint(
      PgBackplane backplane, Connection connection, String data, List<String> events, Random random)
      throws SQLException {
    Savepoint savepoint = connection.setSavepoint();
    backplane.publish(connection, Node.event(data));
    dawdle(random);
    switch (random.nextInt(3)) {
      case 0 -> connection.rollback(savepoint);
      case 1 -> {
        connection.releaseSavepoint(savepoint);
        events.add(data);
      }
      default -> events.add(data);
    }
  }

  /** Whether it was committed. */
  private static boolean end(Connection connection, String name, Random random)
      throws SQLException {
    int how = random.nextInt(5);
    if (how < 2) {
      connection.commit();
      return true;
    }
    if (how == 2) {
      connection.rollback();
      return false;
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("prepare transaction '" + name + "'");
      connection.commit();
      connection.setAutoCommit(true);
      dawdle(random);
      statement.execute((how == 3 ? "commit" : "rollback") + " prepared '" + name + "'");
    }
    return how == 3;
  }

  private static void dawdle(Random random) {
    if (random.nextBoolean()) {
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(10_000)));
    }
  }
}
