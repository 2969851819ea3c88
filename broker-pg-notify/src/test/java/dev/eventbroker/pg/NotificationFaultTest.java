package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.LogLines;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What LISTEN and NOTIFY do at their edges. */
class NotificationFaultTest {

  /** Bytes of one record: of its header, of its end, of what is in it. */
  @Row(9)
  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 9, 40})
  void halfARecordOfTlsThatGoesOnLaterCostsNothing(int bytes) throws Exception {
    String schema = TestDatabase.newSchema();
    try (FaultProxy proxy = new FaultProxy(TestDatabase.port());
        Node node =
            Node.on(
                schema,
                TestDatabase.tlsUrl(proxy.port()),
                builder -> builder.pollInterval(Duration.ofMillis(20)));
        Node other = Node.on(schema)) {
      Node.Received received = node.subscribe();
      node.publish("before");
      long backends = pids(node.backplane.name());

      proxy.passFromServer(bytes);
      other.publish("in halves");
      Await.until("half a record on both", proxy::areAllStarved);
      proxy.passAll();

      assertThat(received.await(2).data()).containsExactly("before", "in halves");
      assertThat(received.gaps).isEmpty();
      assertThat(node.backplane.status().state()).isEqualTo(SourceStatus.State.UP);
      assertThat(pids(node.backplane.name())).as("the same backends").isEqualTo(backends);
    }
  }

  private static long pids(String applicationNamePrefix) {
    return TestDatabase.number(
        "select sum(pid) from pg_stat_activity where starts_with(application_name, ?)",
        applicationNamePrefix);
  }

  @Row(16)
  @Test
  void aLostRegistrationIsNoticedThoughTheConnectionWorks() throws Exception {
    UnlistenOnRequest sink = new UnlistenOnRequest();
    Listener listener =
        new Listener(
            List.of("registered"),
            "registered.canary",
            Duration.ofMillis(100),
            Duration.ofMillis(300),
            sink,
            System::nanoTime);
    Lifeline lifeline =
        new Lifeline(
            "unlisten-test",
            new ConnectionSettings(
                TestDatabase.url(), Optional.empty(), Optional.empty(), Duration.ofSeconds(5)),
            Listener.properties(),
            sink.watching(listener),
            System::nanoTime,
            new SecureRandom(),
            false);
    Crew crew = new Crew("unlisten-test", List.of(lifeline), System::nanoTime);
    crew.start();
    try {
      TestDatabase.execute("select pg_notify('registered', 'unlisten')");
      Await.until("lost", () -> sink.lost.get() == 1);
      Await.until("listening again", () -> sink.listening.get() == 2);

      TestDatabase.execute("select pg_notify('registered', 'again')");
      Await.until("notified", () -> sink.payloads.contains("again"));
    } finally {
      crew.stop();
      assertThat(crew.end(Duration.ofSeconds(2))).isEqualTo(Crew.Ending.ORDERLY);
    }
  }

  /** Takes back every LISTEN on the listener's own connection, between two readings. */
  private static final class UnlistenOnRequest implements Listener.Sink {

    final AtomicInteger listening = new AtomicInteger();
    final AtomicInteger lost = new AtomicInteger();
    final List<String> payloads = new CopyOnWriteArrayList<>();
    private Link current;

    Lifeline.Work watching(Listener listener) {
      return new Lifeline.Work() {
        @Override
        public void on(Link link, Lifeline lifeline) throws SQLException {
          current = link;
          listener.on(link, lifeline);
        }

        @Override
        public void lost() {
          listener.lost();
        }
      };
    }

    @Override
    public void listening() {
      listening.incrementAndGet();
    }

    @Override
    public void lost() {
      lost.incrementAndGet();
    }

    @Override
    public void notified(String channel, String payload) {
      payloads.add(payload);
      if (payload.equals("unlisten")) {
        try (Statement statement = current.connection().createStatement()) {
          statement.execute("unlisten *");
        } catch (SQLException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  @Row(17)
  @Test
  void aRoleThatMayNotIdleMayListenAllTheSame() throws Exception {
    TestDatabase.execute(
        "create role sleepless login; alter role sleepless set idle_session_timeout = '50ms'");
    PgNotifySource source =
        PgNotifySource.builder(TestDatabase.url().replace("user=postgres", "user=sleepless"))
            .channel("rest")
            .build();
    try (Broker broker = new BrokerBuilder().build()) {
      broker.attach(source);
      String idle =
          "select count(*) from pg_stat_activity where starts_with(application_name, ?)"
              + " and clock_timestamp() - state_change > interval '500 ms'";

      Await.until(
          "idle for ten times as long", () -> TestDatabase.number(idle, source.name()) == 1);
      assertThat(source.status().state()).isEqualTo(SourceStatus.State.UP);
    } finally {
      TestDatabase.execute("drop role sleepless");
    }
  }

  /** The caller's own options come last, and so they hold. */
  @Row(17)
  @Test
  void whoInsistsOnATimeoutForTheIdleIsToldWhyConnectionsEnd() throws Exception {
    PgNotifySource source =
        PgNotifySource.builder(TestDatabase.url() + "&options=-c%20idle_session_timeout=300")
            .channel("restless")
            .build();
    try (LogLines logged = new LogLines("dev.eventbroker.pg");
        Broker broker = new BrokerBuilder().build()) {
      broker.attach(source);

      Await.until(
          "told",
          () ->
              logged.at(Level.WARN).stream()
                  .anyMatch(line -> line.contains("due to idle-session timeout")));
      Await.until("connected again", () -> source.gauges().get("reconnects").longValue() > 0);
    }
  }

  @Row(20)
  @Test
  void anEventMayBeLargerThanANotification() throws Exception {
    try (Node here = Node.on(TestDatabase.newSchema())) {
      Node.Received received = here.subscribe();
      for (int bytes : new int[] {7999, 8000, 8001, 1 << 20}) {
        here.publish("x".repeat(bytes));
        here.publish("é".repeat(bytes / 2));
      }

      assertThat(received.await(8).data())
          .extracting(String::length)
          .containsExactly(7999, 3999, 8000, 4000, 8001, 4000, 1 << 20, 1 << 19);
    }
  }

  @Row(21)
  @Test
  void equalEventsOfOneTransactionAreNotFoldedIntoOne() throws Exception {
    try (Node node = Node.on(TestDatabase.newSchema());
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      connection.setAutoCommit(false);
      for (int i = 0; i < 3; i++) {
        node.backplane.publish(connection, Node.event("same"));
      }
      connection.commit();
      node.backplane.wake();

      assertThat(received.await(3).data()).containsExactly("same", "same", "same");
      assertThat(received.ids()).extracting(EventId::position).containsExactly(1L, 2L, 3L);
    }
  }

  @Row(23)
  @Test
  void aLongTransactionInAnotherDatabaseHoldsUpNothing() throws Exception {
    TestDatabase.execute("create database busy");
    String busy = TestDatabase.url().replace("/postgres", "/busy");
    try (Connection writer = DriverManager.getConnection(busy);
        Statement statement = writer.createStatement();
        Node node = Node.on(TestDatabase.newSchema());
        Connection connection = TestDatabase.connect()) {
      writer.setAutoCommit(false);
      statement.execute("create table t (x int)");
      Node.Received received = node.subscribe();

      node.publish("published");
      node.backplane.publish(connection, Node.event("committed"));
      node.backplane.wake();

      assertThat(received.await(2).data()).containsExactly("published", "committed");
      writer.rollback();
    } finally {
      TestDatabase.execute("drop database busy");
    }
  }

  @Row(24)
  @Test
  void channelsAreHeardByTheirExactNameAndNoOther() throws Exception {
    String stem = "é".repeat(31);
    List<String> names =
        List.of("plain", "Plain", "with \"quotes\"", "a;b--c'd", stem + "a", "tab\tand\nline");
    List<String> heard = new CopyOnWriteArrayList<>();
    PgNotifySource.Builder builder =
        PgNotifySource.builder(TestDatabase.url())
            .mapper(
                (channel, payload) -> {
                  heard.add(channel + " " + payload);
                  return List.of(Event.of(Topic.of("a"), "t", ""));
                });
    names.forEach(builder::channel);
    try (Broker broker = new BrokerBuilder().build()) {
      broker.attach(builder.build());

      for (String other : List.of("PLAIN", stem + "b", stem, "with quotes")) {
        notifyOn(other, "other");
      }
      for (String name : names) {
        notifyOn(name, "own");
      }
      notifyOn("plain", "x".repeat(7999));

      Await.until("all", () -> heard.size() > names.size());
      assertThat(heard)
          .startsWith(names.stream().map(name -> name + " own").toArray(String[]::new))
          .endsWith("plain " + "x".repeat(7999))
          .hasSize(names.size() + 1);
    }
  }

  private static void notifyOn(String channel, String payload) throws SQLException {
    try (Connection connection = TestDatabase.connect();
        PreparedStatement statement = connection.prepareStatement("select pg_notify(?, ?)")) {
      statement.setString(1, channel);
      statement.setString(2, payload);
      statement.execute();
    }
  }
}
