package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.SourceStatus;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a network and a server can do to a node that runs. */
class PgBackplaneFaultTest {

  private String schema;
  private FaultProxy proxy;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
    proxy = new FaultProxy(TestDatabase.port());
  }

  @AfterEach
  void closeProxy() {
    proxy.close();
  }

  @Row(1)
  @Test
  void nothingIsLostWhenTheListenersBackendIsTerminated() throws Exception {
    try (Node node = Node.on(schema)) {
      Node.Received received = node.subscribe();
      node.publish("before");

      assertThat(TestDatabase.terminate(node.backplane.name() + "-listener")).isEqualTo(1);
      node.publish("meanwhile");
      awaitUp(node);
      node.publish("after");

      assertThat(received.await(3).data()).containsExactly("before", "meanwhile", "after");
      assertThat(received.gaps).isEmpty();
    }
  }

  @Row(1)
  @Test
  void nothingIsLostWhenTheWorkersBackendIsTerminated() throws Exception {
    try (Node node = Node.on(schema);
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      node.publish("before");

      assertThat(TestDatabase.terminate(node.backplane.name() + "-worker")).isEqualTo(1);
      node.backplane.publish(connection, Node.event("meanwhile"));
      node.backplane.wake();
      received.await(2);
      node.publish("after");

      assertThat(received.await(3).data()).containsExactly("before", "meanwhile", "after");
      assertThat(received.ids()).extracting(EventId::position).containsExactly(1L, 2L, 3L);
      assertThat(received.gaps).isEmpty();
    }
  }

  /** What became of an event that was being stored is found out afterwards, and not guessed. */
  @Test
  void everyPublishComesToItsPlaceOnceWhileConnectionsAreCutAgainAndAgain() throws Exception {
    try (Node node = Node.hurried(schema, proxy.port());
        Node witness = Node.on(schema)) {
      Node.Received received = witness.subscribe();
      List<CompletionStage<EventId>> stages = new ArrayList<>();
      for (int round = 0; round < 8; round++) {
        for (int i = 0; i < 100; i++) {
          stages.add(node.broker.publish(Node.event("event " + stages.size())));
        }
        Await.of(witness.broker.publish(Node.event("round")));
        proxy.cut();
      }

      List<String> expected = new ArrayList<>();
      List<EventId> ids = new ArrayList<>();
      for (int i = 0; i < stages.size(); i++) {
        ids.add(Await.of(stages.get(i)));
        expected.add("event " + i);
      }

      List<String> seen = new ArrayList<>(received.await(stages.size() + 8).data());
      seen.removeAll(List.of("round"));
      assertThat(seen).isEqualTo(expected);
      assertThat(received.ids()).containsSubsequence(ids);
      assertThat(received.gaps).isEmpty();
    }
  }

  @Row(6)
  @Test
  void aHalfOpenNetworkIsNoticedAndLeft() throws Exception {
    try (Node node = Node.hurried(schema, proxy.port());
        Node other = Node.on(schema)) {
      Node.Received received = node.subscribe();
      node.publish("before");

      proxy.blackhole();
      other.publish("meanwhile");
      Await.until("reconnected", () -> node.reconnects() > 0);
      awaitUp(node);

      assertThat(received.await(2).data()).containsExactly("before", "meanwhile");
      assertThat(received.gaps).isEmpty();
    }
  }

  /** The driver waits for the rest of a message without a limit: only the watchdog ends that. */
  @Row(8)
  @Test
  void halfAMessageDoesNotHoldTheReaderForEver() throws Exception {
    try (Node node = Node.hurried(schema, proxy.port());
        Node other = Node.on(schema)) {
      Node.Received received = node.subscribe();
      node.publish("before");

      proxy.passFromServer(1);
      other.publish("meanwhile");
      Await.until("half a message on both", proxy::areAllStarved);
      Await.until("reconnected", () -> node.reconnects() > 0);
      awaitUp(node);

      assertThat(received.await(2).data()).containsExactly("before", "meanwhile");
      assertThat(received.gaps).isEmpty();
    }
  }

  @Test
  void eventsPublishedWhileTheDatabaseIsAwayAreStoredWhenItIsBack() throws Exception {
    try (Node node = Node.hurried(schema, proxy.port())) {
      Node.Received received = node.subscribe();
      proxy.blackholeNew(true);
      proxy.cut();
      Await.until(
          "noticed by both",
          () ->
              node.backplane.status().detail().contains("-listener: ")
                  && node.backplane.status().detail().contains("-worker: "));

      CompletionStage<EventId> first = node.broker.publish(Node.event("first"));
      CompletionStage<EventId> second = node.broker.publish(Node.event("second"));
      proxy.blackholeNew(false);
      proxy.cut();

      assertThat(Await.of(first).position()).isEqualTo(1);
      assertThat(Await.of(second).position()).isEqualTo(2);
      assertThat(received.await(2).data()).containsExactly("first", "second");
      assertThat(received.gaps).isEmpty();
    }
  }

  /** After a failover, what waited in business transactions takes the places that were lost. */
  @Test
  void lostPlacesThatAreGivenAgainBeforeAnybodyLooksAreAGap() throws Exception {
    try (Node node = Node.hurried(schema, proxy.port());
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      node.publish("kept");
      EventId lost = node.publish("lost");
      received.await(2);
      proxy.blackholeNew(true);
      proxy.cut();
      Await.until(
          "noticed by the worker", () -> node.backplane.status().detail().contains("-worker: "));

      TestDatabase.loseAfter(schema, 1);
      node.backplane.publish(connection, Node.event("second"));
      node.backplane.publish(connection, Node.event("third"));
      proxy.blackholeNew(false);
      proxy.cut();

      Await.until("a gap", () -> !received.gaps.isEmpty());
      assertThat(received.gaps).extracting(Gap::reason).containsOnly(Gap.Reason.EPOCH);
      assertThat(node.publish("next").epoch()).isNotEqualTo(lost.epoch());
    }
  }

  /** What it started after is all that it can know the history by. */
  @Test
  void aNodeThatHasReadNothingYetNoticesThatItsPlaceWasGivenAgain() throws Exception {
    try (Node other = Node.on(schema)) {
      other.publish("kept");
      other.publish("lost");
    }
    try (Node node = Node.on(schema, TestDatabase.url(proxy.port()), b -> b.preload(0))) {
      Node.Received received = node.subscribe();
      proxy.blackholeNew(true);
      proxy.cut();
      Await.until(
          "noticed by the worker", () -> node.backplane.status().detail().contains("-worker: "));

      TestDatabase.loseAfter(schema, 1);
      TestDatabase.execute(
          """
          insert into %1$s.eb_outbox (topic, type, data) values ('a', 't', 'in its place')
          """
              .formatted(schema));
      TestDatabase.execute("select %s.eb_order_events(true)".formatted(schema));
      proxy.blackholeNew(false);
      proxy.cut();

      Await.until("a gap", () -> !received.gaps.isEmpty());
      assertThat(received.gaps).extracting(Gap::reason).containsOnly(Gap.Reason.EPOCH);
    }
  }

  @Test
  void aStoredEventThatTheDatabaseHasLostIsSaidToBeUnknown() throws Exception {
    try (Node node = Node.on(schema);
        Connection holder = TestDatabase.connect();
        Statement statement = holder.createStatement()) {
      holder.setAutoCommit(false);
      statement.execute("select from " + schema + ".eb_sequencer for update");
      CompletionStage<EventId> lost = node.broker.publish(Node.event("lost"));
      Await.until(
          "stored",
          () -> TestDatabase.number("select count(*) from " + schema + ".eb_outbox") == 1);

      statement.execute("delete from " + schema + ".eb_outbox");
      holder.commit();

      assertThat(lost.toCompletableFuture())
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableThat()
          .withCauseInstanceOf(OutcomeUnknownException.class);
      assertThat(node.publish("next").position()).isEqualTo(1);
    }
  }

  /** What is stored again only after the loss belongs to the new history. */
  @Test
  void anEventInDoubtIsStoredAfterADatabaseThatHasLostOthersCameBack() throws Exception {
    try (Node node = Node.hurried(schema, proxy.port());
        Connection holder = TestDatabase.connect();
        Statement statement = holder.createStatement()) {
      node.publish("kept");
      EventId lost = node.publish("lost");
      holder.setAutoCommit(false);
      statement.execute("lock table " + schema + ".eb_outbox in exclusive mode");
      CompletionStage<EventId> doubted = node.broker.publish(Node.event("doubted"));
      Await.until(
          "being stored",
          () ->
              TestDatabase.number(
                      "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                          + " and application_name = ?",
                      node.backplane.name() + "-worker")
                  == 1);
      proxy.blackholeNew(true);
      proxy.cut();
      assertThat(TestDatabase.terminate(node.backplane.name() + "-worker")).isEqualTo(1);
      Await.until(
          "noticed by the worker", () -> node.backplane.status().detail().contains("-worker: "));
      holder.rollback();

      TestDatabase.loseAfter(schema, 1);
      proxy.blackholeNew(false);
      proxy.cut();

      EventId id = Await.of(doubted);
      assertThat(id.position()).isEqualTo(2);
      assertThat(id.epoch()).isNotEqualTo(lost.epoch());
    }
  }

  /**
   * Told of an event, looked how far the order is, and then reads it in an epoch of another node.
   */
  @Test
  void anEpochThatBeginsBetweenTheLookAndTheReadingIsSeenWithoutAPoll() throws Exception {
    try (Node node = Node.on(schema, TestDatabase.url(), b -> b.pollInterval(Duration.ofHours(1)));
        Connection holder = TestDatabase.connect();
        Statement statement = holder.createStatement()) {
      Node.Received received = node.subscribe();
      node.publish("before");
      received.await(1);
      TestDatabase.execute(
          "insert into %s.eb_outbox (topic, type, data) values ('a', 't', 'after')"
              .formatted(schema));
      TestDatabase.execute("select %s.eb_order_events(true, false)".formatted(schema));
      holder.setAutoCommit(false);
      statement.execute("lock table " + schema + ".eb_ordered in access exclusive mode");

      TestDatabase.execute("select pg_notify('" + schema + ".eb_ordered', '2')");
      Await.until(
          "reading",
          () ->
              TestDatabase.number(
                      "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                          + " and query like '%order by o.pos%' and application_name = ?",
                      node.backplane.name() + "-worker")
                  == 1);
      statement.execute("update " + schema + ".eb_sequencer set epoch = 'another'");
      holder.commit();

      assertThat(received.await(2).data()).containsExactly("before", "after");
      assertThat(received.ids().get(1)).hasToString("another.2");
      assertThat(received.gaps).extracting(Gap::reason).containsExactly(Gap.Reason.EPOCH);
    }
  }

  /** Whoever is asked for the password is foreign code, and may miss a class. */
  @Test
  void anErrorWhileReconnectingDoesNotEndTheAttempts() throws Exception {
    AtomicInteger errors = new AtomicInteger();
    try (Node node =
        Node.on(
            schema,
            TestDatabase.url(proxy.port()),
            builder ->
                builder.password(
                    () -> {
                      if (errors.getAndDecrement() > 0) {
                        throw new NoClassDefFoundError("on purpose");
                      }
                      return "";
                    }))) {
      errors.set(4);
      proxy.cut();
      Await.until("all thrown", () -> errors.get() <= 0);

      awaitUp(node);
      assertThat(node.publish("after").position()).isEqualTo(1);
    }
  }

  private static void awaitUp(Node node) {
    Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);
  }
}
