package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Audience;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Message;
import dev.eventbroker.SourceStatus;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PgBackplaneTest {

  private String schema;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
  }

  @Test
  void anEventReachesTheSubscribersOfEveryNodeWithTheSameId() throws Exception {
    try (Node here = Node.on(schema);
        Node there = Node.on(schema)) {
      Node.Received atHere = here.subscribe();
      Node.Received atThere = there.subscribe();

      EventId first = here.publish("first");
      EventId second = there.publish("second");

      assertThat(atHere.await(2).data()).containsExactly("first", "second");
      assertThat(atThere.await(2).data()).containsExactly("first", "second");
      assertThat(atHere.ids()).containsExactly(first, second).isEqualTo(atThere.ids());
      assertThat(first.position()).isEqualTo(1);
      assertThat(here.backplane.status().state()).isEqualTo(SourceStatus.State.UP);
    }
  }

  @Test
  void everyPartOfAnEventTravels() throws Exception {
    Event plain = Node.event("grüß Gott, 世界 😀 \\ \" ' {null}");
    Event forTwo = plain.withKey("k'1").withAudience(Audience.of(Set.of("ann", "b\"o,b} \\")));
    Event forNobody = plain.withAudience(Audience.nobody());
    try (Node here = Node.on(schema)) {
      List<Message> read = new ArrayList<>();
      try (Connection connection = TestDatabase.connect()) {
        here.backplane.publish(connection, forTwo);
        here.backplane.publish(connection, forNobody);
      }
      for (Event event : List.of(plain, forTwo, forNobody)) {
        Await.of(here.broker.publish(event));
      }

      try (Connection connection = TestDatabase.connect()) {
        connection.setSchema(schema);
        new Outbox(connection, PgSchema.DEFAULT_PREFIX, here.backplane.name())
            .readAfter(0, 5, Long.MAX_VALUE, true)
            .forEach(placed -> read.add(placed.message().orElseThrow()));
      }

      List<Event> expected = List.of(forTwo, forNobody, plain, forTwo, forNobody);
      assertThat(read).hasSize(5);
      for (int i = 0; i < 5; i++) {
        assertThat(read.get(i)).usingRecursiveComparison().isEqualTo(expected.get(i));
      }
    }
  }

  @Test
  void anEventInATransactionIsSeenAfterTheCommitAndNeverAfterARollback() throws Exception {
    try (Node node = Node.on(schema);
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      connection.setAutoCommit(false);

      node.backplane.publish(connection, Node.event("rolled back"));
      connection.rollback();
      node.backplane.wake();
      node.backplane.publish(connection, Node.event("committed"));
      node.publish("meanwhile");
      assertThat(received.await(1).data()).containsExactly("meanwhile");
      connection.commit();
      node.backplane.wake();

      assertThat(received.await(2).data()).containsExactly("meanwhile", "committed");
      assertThat(received.ids()).extracting(EventId::position).containsExactly(1L, 2L);
    }
  }

  @Test
  void whatWasCommittedWithoutAHintIsFoundByThePoll() throws Exception {
    try (Node node = Node.on(schema);
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();

      node.backplane.publish(connection, Node.event("no wake"));

      assertThat(received.await(1).data()).containsExactly("no wake");
    }
  }

  @Row(22)
  @Test
  void aTransactionThatCommitsLateIsNotSkipped() throws Exception {
    try (Node node = Node.on(schema);
        Connection early = TestDatabase.connect();
        Connection late = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      late.setAutoCommit(false);

      node.backplane.publish(late, Node.event("inserted first"));
      node.backplane.publish(early, Node.event("committed first"));
      node.backplane.wake();
      received.await(1);
      node.publish("committed second");
      late.commit();
      node.backplane.wake();

      assertThat(received.await(3).data())
          .containsExactly("committed first", "committed second", "inserted first");
      assertThat(received.gaps).isEmpty();
    }
  }

  @Test
  void aClientResumesOnAnotherNodeWithoutAGap() throws Exception {
    try (Node here = Node.on(schema);
        Node there = Node.on(schema)) {
      EventId seen = here.publish("seen");
      here.publish("missed");
      there.subscribe();
      Await.until("there too", () -> there.broker.cursor().position() == 2);

      Node.Received resumed = there.resumeAfter(seen);
      here.publish("live");

      assertThat(resumed.await(2).data()).containsExactly("missed", "live");
      assertThat(resumed.gaps).isEmpty();
    }
  }

  @Test
  void aClientResumesAfterARestartWithoutAGap() throws Exception {
    EventId seen;
    try (Node before = Node.on(schema)) {
      seen = before.publish("seen");
      before.publish("missed");
    }

    try (Node after = Node.on(schema)) {
      Node.Received resumed = after.resumeAfter(seen);

      assertThat(resumed.await(1).data()).containsExactly("missed");
      assertThat(resumed.gaps).isEmpty();
    }
  }

  @Test
  void onlyTheLatestEventsAreBroughtInAtTheStart() throws Exception {
    EventId first;
    try (Node before = Node.on(schema)) {
      first = before.publish("one");
      before.publish("two");
      before.publish("three");
    }

    try (Node after = Node.on(schema, TestDatabase.url(), builder -> builder.preload(1))) {
      assertThat(after.broker.cursor().position()).isEqualTo(3);
      assertThat(after.resumeAfter(new EventId(first.epoch(), 2)).await(1).data())
          .containsExactly("three");
      Node.Received tooOld = after.resumeAfter(first);
      Await.until("a gap", () -> !tooOld.gaps.isEmpty());
      assertThat(tooOld.gaps.get(0).reason()).isEqualTo(Gap.Reason.EXPIRED);
    }
  }

  @Test
  void idsOfConcurrentPublishersHaveNoHoles() throws Exception {
    int publishers = 6;
    int each = 200;
    ExecutorService pool = Executors.newFixedThreadPool(publishers);
    try (Node here = Node.on(schema);
        Node there = Node.on(schema)) {
      Node.Received atHere = here.subscribe();
      Node.Received atThere = there.subscribe();

      List<Future<List<EventId>>> published = new ArrayList<>();
      for (int p = 0; p < publishers; p++) {
        Node node = p % 2 == 0 ? here : there;
        String publisher = "p" + p + "-";
        published.add(pool.submit(() -> publishAll(node, publisher, each)));
      }
      List<EventId> all = new ArrayList<>();
      for (Future<List<EventId>> ids : published) {
        List<EventId> mine = ids.get();
        assertThat(mine).extracting(EventId::position).isSorted();
        all.addAll(mine);
      }

      List<Long> dense =
          IntStream.rangeClosed(1, publishers * each).mapToObj(i -> (long) i).toList();
      assertThat(all).extracting(EventId::position).containsExactlyInAnyOrderElementsOf(dense);
      assertThat(atHere.await(publishers * each).ids())
          .extracting(EventId::position)
          .containsExactlyElementsOf(dense);
      assertThat(atThere.await(publishers * each).data()).isEqualTo(atHere.data());
    } finally {
      pool.shutdownNow();
    }
  }

  private static List<EventId> publishAll(Node node, String publisher, int count) throws Exception {
    List<CompletionStage<EventId>> stages =
        IntStream.range(0, count)
            .mapToObj(i -> node.broker.publish(Node.event(publisher + i)))
            .toList();
    List<EventId> ids = new ArrayList<>();
    for (CompletionStage<EventId> stage : stages) {
      ids.add(Await.of(stage));
    }
    return ids;
  }

  @Test
  void whenTheDatabaseHasLostTheLastEventsANewEpochBegins() throws Exception {
    try (Node here = Node.on(schema);
        Node there = Node.on(schema)) {
      Node.Received atHere = here.subscribe();
      Node.Received atThere = there.subscribe();
      here.publish("kept");
      EventId lost = here.publish("lost");
      atThere.await(2);

      TestDatabase.loseAfter(schema, 1);

      Await.until("gaps", () -> !atHere.gaps.isEmpty() && !atThere.gaps.isEmpty());
      EventId next = here.publish("next");
      assertThat(next.epoch()).isNotEqualTo(lost.epoch());
      assertThat(next.position()).isEqualTo(2);
      assertThat(atHere.await(3).data()).containsExactly("kept", "lost", "next");
      assertThat(atThere.await(3).ids()).isEqualTo(atHere.ids());
      assertThat(atHere.gaps).extracting(Gap::reason).containsOnly(Gap.Reason.EPOCH);
    }
  }

  @Test
  void aHoleInTheOrderIsToldAsAGap() throws Exception {
    try (Node node = Node.on(schema)) {
      Node.Received received = node.subscribe();
      node.publish("first");
      received.await(1);

      TestDatabase.execute("update %1$s.eb_run set pos = pos + 3 where pos = 1".formatted(schema));

      Await.until("a gap", () -> !received.gaps.isEmpty());
      assertThat(received.gaps.get(0).reason()).isEqualTo(Gap.Reason.SOURCE);
      assertThat(node.publish("next").position()).isEqualTo(5);
      assertThat(received.await(2).data()).containsExactly("first", "next");
    }
  }

  @Test
  void aRowThatIsNoEventIsToldAsAGapAndTheStreamGoesOn() throws Exception {
    try (Node node = Node.on(schema)) {
      Node.Received received = node.subscribe();
      node.publish("first");

      TestDatabase.execute(
          "insert into " + schema + ".eb_outbox (topic, type, data) values ('a//b', 'x', '')");

      Await.until("a gap", () -> !received.gaps.isEmpty());
      node.publish("next");
      assertThat(received.await(2).ids()).extracting(EventId::position).containsExactly(1L, 3L);
    }
  }

  @Test
  void textThatPostgresCannotStoreIsRefused() {
    PgBackplane backplane = PgBackplane.builder(TestDatabase.url()).schema(schema).build();

    assertThatThrownBy(() -> backplane.publish(Node.event("a\u0000b")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("data: U+0000 at 1 (expected: none, PostgreSQL can't store it)");
    assertThatThrownBy(() -> backplane.publish(Node.event("a").withKey("\ud800")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("key: unpaired surrogate at 0");
    backplane.close();
  }

  @Test
  void aFullQueueRefusesInsteadOfBlocking() throws Exception {
    PgBackplane backplane =
        PgBackplane.builder(TestDatabase.url()).schema(schema).maxPending(1).build();
    CompletionStage<EventId> waiting = backplane.publish(Node.event("waits for the start"));

    CompletionStage<EventId> refused = backplane.publish(Node.event("too much"));

    assertThat(refused.toCompletableFuture())
        .completesExceptionallyWithin(Duration.ofSeconds(60))
        .withThrowableThat()
        .withCauseInstanceOf(BrokerException.Overloaded.class);
    backplane.close();
    assertThatThrownBy(() -> Await.of(waiting)).hasCauseInstanceOf(BrokerException.Closed.class);
  }

  @Test
  void whatWasPublishedBeforeTheCloseIsStillStored() throws Exception {
    List<CompletionStage<EventId>> stages = new ArrayList<>();
    Node node = Node.on(schema);
    for (int i = 0; i < 2_000; i++) {
      stages.add(node.broker.publish(Node.event("event " + i)));
    }

    node.close();

    for (int i = 0; i < stages.size(); i++) {
      assertThat(Await.of(stages.get(i)).position()).isEqualTo(i + 1);
    }
  }
}
