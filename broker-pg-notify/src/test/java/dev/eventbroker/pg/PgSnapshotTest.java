package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.TopicFilter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** State and stream: each change is in exactly one of them. */
class PgSnapshotTest {

  private String schema;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
    TestDatabase.execute("create table " + schema + ".state (n int primary key)");
  }

  @Test
  void aTransactionThatCommitsAfterTheSnapshotWasTakenIsDelivered() throws Exception {
    try (Node node = Node.on(schema);
        Connection late = TestDatabase.connect()) {
      late.setAutoCommit(false);
      write(node, late, 1);
      commitAll(node, 2, 3);
      Joined joined =
          subscribe(
              node,
              () -> {
                late.commit();
                node.backplane.wake();
                commitAll(node, 4);
              });

      assertThat(joined.await(4)).containsExactly(1, 2, 3, 4);
      assertThat(joined.snapshot).containsExactly(2, 3);
      assertThat(joined.live).containsExactlyInAnyOrder(1, 4);
    }
  }

  @Test
  void aSchemaMayHaveTheDefaultPrefixInItsNameAndTablesAnotherOne() throws Exception {
    String web = "web_" + schema;
    try (Connection connection = TestDatabase.connect()) {
      PgSchema.apply(connection, web, "more_");
    }
    try (Node node = Node.on(web, TestDatabase.url(), b -> b.prefix("more_"));
        Connection connection = TestDatabase.connect()) {
      node.publish("before");

      Snapshot snapshot =
          node.backplane.snapshot(
              connection, Duration.ofSeconds(30), within -> Snapshot.of("state", "{}"));

      assertThat(snapshot.type()).isEqualTo("state");
    }
  }

  @Test
  void nobodyWaitsForABackplaneThatIsClosed() throws Exception {
    Node node = Node.on(schema);
    node.close();

    try (Connection connection = TestDatabase.connect()) {
      assertThatThrownBy(
              () ->
                  node.backplane.snapshot(
                      connection, Duration.ofMillis(500), within -> Snapshot.of("state", "[]")))
          .isInstanceOf(BrokerException.class)
          .hasMessage("snapshot: the broker was closed");
    }
  }

  /** What is committed, but has not come here yet when the state is read, is in the state. */
  @Test
  void whatHasNoPlaceYetIsNotDeliveredAgain() throws Exception {
    try (Node node =
        Node.on(schema, TestDatabase.url(), b -> b.pollInterval(Duration.ofMinutes(5)))) {
      commitAll(node, 1, 2);

      Joined joined = subscribe(node, () -> {});
      joined.awaitLoaded();
      node.backplane.wake();
      node.publish("end");
      joined.awaitEnd();

      assertThat(joined.snapshot).containsExactly(1, 2);
      assertThat(joined.live).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void eachChangeIsInOneOfThemWhileManyWrite(long seed) throws Exception {
    int writers = 6;
    int each = 60;
    AtomicInteger next = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try (Node node = Node.on(schema);
        Node other = Node.on(schema)) {
      List<Future<?>> running = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        Random random = new Random(seed * 100 + w);
        Node publisher = w % 2 == 0 ? node : other;
        running.add(threads.submit(() -> writeMany(publisher, next, each, random)));
      }
      List<Joined> joined = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int wanted = (i + 1) * 30;
        Await.until("some more", () -> next.get() >= wanted);
        joined.add(subscribe(node, () -> {}));
      }
      for (Future<?> writer : running) {
        writer.get(60, TimeUnit.SECONDS);
      }
      joined.forEach(Joined::awaitLoaded);
      node.publish("end");

      List<Integer> committed = state();
      for (Joined one : joined) {
        one.awaitEnd();
        List<Integer> both = new ArrayList<>(one.snapshot);
        both.addAll(one.live);
        assertThat(both).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(committed);
        assertThat(one.gaps).isEmpty();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aConnectionIsLeftAsItWas() throws Exception {
    try (Node node = Node.on(schema);
        Connection connection = TestDatabase.connect()) {
      node.backplane.snapshot(
          connection, Duration.ofSeconds(30), within -> Snapshot.of("state", "[]"));

      assertThat(connection.getAutoCommit()).isTrue();
      assertThat(connection.getTransactionIsolation())
          .isEqualTo(Connection.TRANSACTION_READ_COMMITTED);

      connection.setAutoCommit(false);
      assertThatThrownBy(
              () ->
                  node.backplane.snapshot(
                      connection, Duration.ofSeconds(30), within -> Snapshot.of("state", "[]")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("connection: in a transaction");
    }
  }

  @Test
  void aSnapshotThatTheStreamCannotCatchUpWithFails() throws Exception {
    try (FaultProxy proxy = new FaultProxy(TestDatabase.port());
        Node node = Node.on(schema, TestDatabase.url(proxy.port()), b -> b);
        Connection connection = TestDatabase.connect()) {
      proxy.blackhole();

      assertThatThrownBy(
              () ->
                  node.backplane.snapshot(
                      connection, Duration.ofMillis(300), within -> Snapshot.of("state", "[]")))
          .isInstanceOf(BrokerException.class)
          .hasMessageContaining("has not got there within PT0.3S");
      assertThat(connection.getAutoCommit()).isTrue();
    }
  }

  // ---- The writers

  private void writeMany(Node node, AtomicInteger next, int count, Random random) {
    try (Connection connection = TestDatabase.connect()) {
      connection.setAutoCommit(false);
      for (int i = 0; i < count; i++) {
        write(node, connection, next.incrementAndGet());
        if (random.nextInt(3) == 0) {
          // Meanwhile others insert and commit.
          LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(8_000)));
        }
        if (random.nextInt(5) == 0) {
          connection.rollback();
        } else {
          connection.commit();
          if (random.nextBoolean()) {
            node.backplane.wake();
          }
        }
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private void commitAll(Node node, int... numbers) throws SQLException {
    try (Connection connection = TestDatabase.connect()) {
      for (int n : numbers) {
        connection.setAutoCommit(false);
        write(node, connection, n);
        connection.commit();
      }
    }
  }

  private void write(Node node, Connection connection, int n) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("insert into " + schema + ".state values (?)")) {
      insert.setInt(1, n);
      insert.executeUpdate();
    }
    node.backplane.publish(connection, Node.event(Integer.toString(n)));
  }

  private List<Integer> state() throws SQLException {
    try (Connection connection = TestDatabase.connect()) {
      return state(connection);
    }
  }

  private List<Integer> state(Connection connection) throws SQLException {
    List<Integer> state = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select n from " + schema + ".state order by n")) {
      while (rows.next()) {
        state.add(rows.getInt(1));
      }
    }
    return state;
  }

  // ---- The reader

  private interface Meanwhile {
    void happens() throws SQLException;
  }

  /** Reads the state, lets something happen while it is being read, and joins. */
  private Joined subscribe(Node node, Meanwhile meanwhile) {
    Joined joined = new Joined();
    SnapshotSource<String> source =
        new SnapshotSource<>() {
          @Override
          public Snapshot load(String who, Duration timeout) throws SQLException {
            try (Connection connection = TestDatabase.connect()) {
              return node.backplane.snapshot(
                  connection,
                  timeout,
                  within -> {
                    meanwhile.happens();
                    List<Integer> state = state(within);
                    return Snapshot.of("state", state.toString());
                  });
            }
          }

          @Override
          public Snapshot fallback(String who) {
            throw new AssertionError("the load failed");
          }
        };
    var unused =
        node.broker.subscribe(
            SubscribeRequest.by(Authorized.principal("ann"))
                .filter(TopicFilter.ALL)
                .snapshot(source)
                .snapshotTimeout(Duration.ofSeconds(60))
                .build(),
            joined);
    return joined;
  }

  private static final class Joined implements Subscriber {

    final List<Integer> snapshot = new CopyOnWriteArrayList<>();
    final List<Integer> live = new CopyOnWriteArrayList<>();
    final List<Gap> gaps = new CopyOnWriteArrayList<>();
    private volatile boolean loaded;
    private volatile boolean ended;

    @Override
    public void onSnapshot(Snapshot state, EventId id) {
      String inner = state.data().substring(1, state.data().length() - 1);
      for (String n : inner.isEmpty() ? new String[0] : inner.split(", ")) {
        snapshot.add(Integer.valueOf(n));
      }
      loaded = true;
    }

    @Override
    public void onEvent(Delivery delivery) {
      if (delivery.event().data().equals("end")) {
        ended = true;
      } else {
        live.add(Integer.valueOf(delivery.event().data()));
      }
    }

    @Override
    public void onGap(Gap gap) {
      gaps.add(gap);
    }

    List<Integer> await(int count) {
      Await.until("all", () -> snapshot.size() + live.size() >= count);
      TreeSet<Integer> all = new TreeSet<>(snapshot);
      all.addAll(live);
      return List.copyOf(all);
    }

    void awaitLoaded() {
      Await.until("the snapshot", () -> loaded);
    }

    void awaitEnd() {
      Await.until("the end", () -> ended);
    }
  }
}
