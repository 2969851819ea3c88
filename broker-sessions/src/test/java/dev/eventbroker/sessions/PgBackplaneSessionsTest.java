package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.pg.PgBackplane;
import dev.eventbroker.pg.PgSchema;
import dev.eventbroker.sessions.Acquisition.Acquired;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Two nodes as an application puts them together, and a database that ends their backends. */
class PgBackplaneSessionsTest {

  private static final int EACH = 8;
  private static final String RELEASED = "edit.session_released";

  private final TestDatabase database = new TestDatabase();

  @Test
  void eachSessionIsReleasedOnceWithOneEventWhileBackendsAreKilled() throws Exception {
    try (Connection connection = database.newConnection()) {
      PgSchema.apply(connection, database.schema());
    }
    try (Node one = new Node(database, "killed-one");
        Node two = new Node(database, "killed-two")) {
      List<String> expected = new ArrayList<>();
      List<dev.eventbroker.Connection> leaving = new ArrayList<>();
      List<UUID> releasedByHand = new ArrayList<>();
      List<Session> staying = new ArrayList<>();
      for (int i = 0; i < EACH; i++) {
        for (Node node : List.of(one, two)) {
          String suffix = node.name + i;
          leaving.add(node.connect("leaving-" + suffix));
          expected.add(node.acquire("leaving-" + suffix).id() + " disconnected");
          // Of a node that is no more.
          expected.add(node.acquire("crashed-" + suffix).id() + " expired");
          UUID byHand = node.acquire("byhand-" + suffix).id();
          releasedByHand.add(byHand);
          expected.add(byHand + " released");
          node.connect("staying-" + suffix);
          staying.add(node.acquire("staying-" + suffix));
        }
        // On both nodes, and leaves both.
        leaving.add(one.connect("both-" + i));
        leaving.add(two.connect("both-" + i));
        expected.add(one.acquire("both-" + i).id() + " disconnected");
      }

      CompletableFuture<Void> byHand =
          CompletableFuture.runAsync(() -> releasedByHand.forEach(id -> one.release(id)));
      for (int round = 0; round < 12; round++) {
        List<dev.eventbroker.Connection> some =
            leaving.subList(round * leaving.size() / 12, (round + 1) * leaving.size() / 12);
        some.forEach(connection -> connection.close(CloseReason.DISCONNECTED));
        database.execute(
            "update {s}.eb_session set touched_at = touched_at - interval '1 hour'"
                + " where owner like 'crashed-%'",
            "update {s}.eb_pulse set resumed_at = '-infinity'",
            "select pg_terminate_backend(pid) from pg_stat_activity"
                + " where application_name like 'killed-%'");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30));
      }
      byHand.get(60, TimeUnit.SECONDS);
      await("all at one", () -> one.released().size() >= expected.size());
      await("all at the other", () -> two.released().size() >= expected.size());
      one.broker
          .publish(Event.of(Topic.of("end"), "end", ""))
          .toCompletableFuture()
          .get(60, TimeUnit.SECONDS);
      Stream.of(one, two)
          .forEach(
              node ->
                  await(
                      "the end",
                      () -> node.events.stream().anyMatch(event -> event.type().equals("end"))));

      assertThat(one.released()).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(two.events).extracting(Event::data).isEqualTo(dataOf(one.events));
      assertThat(one.gaps).isEmpty();
      assertThat(two.gaps).isEmpty();
      assertThat(one.sessions.count()).isEqualTo(staying.size());
      for (Session session : staying) {
        assertThat(two.sessions.find(session.id())).contains(session);
      }
    }
  }

  private static List<String> dataOf(List<Event> events) {
    return events.stream().map(Event::data).toList();
  }

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - end).as("within 20 s: %s", what).isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
  }

  private static final class Node implements AutoCloseable {

    private static final Duration HEARTBEAT = Duration.ofMillis(300);

    final String name;
    final Broker broker;
    final EditSessions sessions;
    final List<Event> events = new CopyOnWriteArrayList<>();
    final List<Gap> gaps = new CopyOnWriteArrayList<>();

    Node(TestDatabase database, String name) {
      this.name = name;
      PgBackplane backplane =
          PgBackplane.builder(database.url()).name(name).schema(database.schema()).build();
      broker = new BrokerBuilder().heartbeat(HEARTBEAT).backplane(backplane).build();
      JdbcSessionStore store =
          JdbcSessionStore.builder(TestPool.giving(() -> connection(database, name)))
              .schema(database.schema())
              .outbox(outbox(backplane))
              .build();
      store.migrate();
      sessions =
          EditSessions.builder(broker, store)
              .timeout(Duration.ofMinutes(1))
              .sweepInterval(Duration.ofMillis(50))
              .build();
      broker.subscribe(
          SubscribeRequest.by(Authorized.principal("reader")).filter(TopicFilter.ALL).build(),
          new Subscriber() {
            @Override
            public void onEvent(Delivery delivery) {
              events.add(delivery.event());
            }

            @Override
            public void onGap(Gap gap) {
              gaps.add(gap);
            }
          });
    }

    private static Connection connection(TestDatabase database, String name) throws SQLException {
      return DriverManager.getConnection(database.url() + "&ApplicationName=" + name + "-pool");
    }

    private static EventOutbox outbox(PgBackplane backplane) {
      return new EventOutbox() {
        @Override
        public void publish(Connection connection, Event event) throws SQLException {
          backplane.publish(connection, event);
        }

        @Override
        public void committed() {
          backplane.wake();
        }
      };
    }

    dev.eventbroker.Connection connect(String owner) {
      return broker.connections().open("ann", Optional.of(owner));
    }

    Session acquire(String owner) {
      return ((Acquired) sessions.acquire("of/" + owner, owner, "ann")).session();
    }

    /** Again until it is certain. */
    void release(UUID session) {
      boolean certain = false;
      while (!certain) {
        try {
          sessions.release(session);
          certain = true;
        } catch (BrokerException e) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
      }
    }

    /** Session and reason of each release that was heard of. */
    List<String> released() {
      return events.stream()
          .filter(event -> event.type().equals(RELEASED))
          .map(event -> event.data().split("\"", -1))
          .map(parts -> parts[3] + " " + parts[parts.length - 2])
          .toList();
    }

    @Override
    public void close() {
      sessions.close();
      broker.close();
    }
  }
}
