package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Revocation;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.RecordingInbound;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What can be seen from outside, and set. */
class PgBackplaneStateTest {

  private String schema;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
  }

  @Test
  void itsStateCanBeWaitedFor() throws Exception {
    try (FaultProxy proxy = new FaultProxy(TestDatabase.port());
        Node node = Node.hurried(schema, proxy.port())) {
      assertThat(node.backplane.awaitUp(Duration.ofSeconds(30))).isTrue();

      proxy.blackholeNew(true);
      proxy.cut();
      // Both of them: one alone may be late with its canary for a moment, on a busy machine.
      Await.until(
          "noticed",
          () ->
              node.backplane.status().state() == SourceStatus.State.CONNECTING
                  && node.backplane.status().detail().contains("-listener: ")
                  && node.backplane.status().detail().contains("-worker: "));
      assertThat(node.backplane.awaitUp(Duration.ofMillis(1))).isFalse();
      proxy.blackholeNew(false);
      proxy.cut();

      assertThat(node.backplane.awaitUp(Duration.ofSeconds(60))).isTrue();
      Await.until("reconnected", () -> node.backplane.gauges().get("reconnects").longValue() > 0);
    }
  }

  @Test
  void nobodyWaitsForWhatIsClosed() throws Exception {
    PgBackplane closed = PgBackplane.builder(TestDatabase.url()).schema(schema).build();
    closed.close();

    assertThat(closed.awaitUp(Duration.ofDays(1))).isFalse();
    assertThat(closed.gauges()).isEmpty();
  }

  @Test
  void whatWaitsAndWhatIsKeptShows() throws Exception {
    try (Node node =
        Node.on(schema, TestDatabase.url(), b -> b.canaryInterval(Duration.ofMillis(50)))) {
      node.publish("0123456789");
      node.publish("01234");
      Await.until("two are kept", () -> gauge(node, "outbox.retained.events") == 2);

      assertThat(gauge(node, "position")).isEqualTo(2);
      assertThat(gauge(node, "outbox.unordered")).isZero();
      assertThat(gauge(node, "outbox.oldest.seconds")).isZero();
      assertThat(gauge(node, "outbox.retained.bytes")).isBetween(5.0, 15.0);
      assertThat(gauge(node, "notification.queue.usage")).isZero();
      assertThat(gauge(node, "canary.age.seconds")).isNotNegative();
      assertThat(gauge(node, "canary.roundtrip.seconds")).isPositive();
    }
  }

  /** No node runs, so nobody gives places. */
  @Test
  void whatIsCommittedWithoutAPlaceIsCounted() throws Exception {
    PgBackplane backplane = PgBackplane.builder(TestDatabase.url()).schema(schema).build();
    try (backplane;
        Connection open = TestDatabase.connect();
        Connection connection = TestDatabase.connect()) {
      open.setAutoCommit(false);
      backplane.publish(open, Node.event("not committed"));
      backplane.publish(connection, Node.event("one"));
      backplane.publish(connection, Node.event("two"));

      assertThat(lag("unordered")).isEqualTo(2);
      assertThat(lag("ceil(oldest_seconds)")).isPositive();
      TestDatabase.execute("select " + schema + ".eb_order_events(true)");
      open.commit();
      assertThat(lag("unordered")).isEqualTo(1);
      TestDatabase.execute("select " + schema + ".eb_order_events(true)");
      assertThat(lag("unordered")).isZero();
    }
  }

  private long lag(String what) {
    return TestDatabase.number("select " + what + " from " + schema + ".eb_lag(100)");
  }

  private static double gauge(Node node, String name) {
    return node.backplane.gauges().get(name).doubleValue();
  }

  @Test
  void aLazyStartNeedsNoDatabaseYet() throws Exception {
    try (FaultProxy proxy = new FaultProxy(TestDatabase.port())) {
      proxy.blackholeNew(true);
      try (Node node =
          Node.on(schema, TestDatabase.url(proxy.port()), builder -> builder.lazyStart(true))) {
        Node.Received received = node.subscribe();
        CompletionStage<EventId> early = node.broker.publish(Node.event("early"));
        assertThat(node.backplane.status().state()).isEqualTo(SourceStatus.State.CONNECTING);

        proxy.blackholeNew(false);
        proxy.cut();

        assertThat(Await.of(early).position()).isEqualTo(1);
        assertThat(received.await(1).data()).containsExactly("early");
        assertThat(received.gaps).extracting(Gap::reason).containsExactly(Gap.Reason.EPOCH);
        assertThat(node.backplane.awaitUp(Duration.ofSeconds(30))).isTrue();
      }
    }
  }

  /** Neither a hint nor, for as long as this test takes, a poll. */
  @Test
  void aTransactionMayNotifyByItself() throws Exception {
    try (Node node =
            Node.on(
                schema,
                TestDatabase.url(),
                b -> b.notifyInTransaction(true).pollInterval(Duration.ofMinutes(5)));
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      connection.setAutoCommit(false);

      node.backplane.publish(connection, Node.event("notified"));
      connection.commit();

      assertThat(received.await(1).data()).containsExactly("notified");
    }
  }

  /** The clock says that the poll is nearly due; the rest of it passes by itself. */
  @Test
  void newsPutNoPollOff() throws Exception {
    AtomicLong ahead = new AtomicLong();
    Duration poll = Duration.ofMinutes(5);
    try (Node node =
            Node.on(
                schema,
                TestDatabase.url(),
                b ->
                    b.pollInterval(poll)
                        .canaryInterval(Duration.ofDays(1))
                        .canaryTimeout(Duration.ofDays(1))
                        .nanoClock(() -> System.nanoTime() + ahead.get()));
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      node.publish("before");
      connection.setAutoCommit(false);
      node.backplane.publish(connection, Node.event("nobody told of"));
      connection.commit();

      ahead.set(poll.minusSeconds(3).toNanos());
      TestDatabase.execute("select pg_notify('" + schema + ".eb_ordered', '999')");

      assertThat(received.await(2).data()).containsExactly("before", "nobody told of");
    }
  }

  @Test
  void aRevocationTakesEffectWithTheTransactionThatItBelongsTo() throws Exception {
    Revocation revocation = new Revocation("ann", TopicFilter.of("project/42/**"));
    PgBackplane backplane = PgBackplane.builder(TestDatabase.url()).schema(schema).build();
    RecordingInbound inbound = new RecordingInbound();
    try (backplane;
        Connection connection = TestDatabase.connect()) {
      backplane.start(inbound);
      connection.setAutoCommit(false);

      backplane.publish(connection, revocation);
      connection.rollback();
      backplane.publish(connection, revocation);
      connection.commit();
      backplane.wake();

      Await.until("one", () -> inbound.placed().size() == 1);
      assertThat(inbound.messages()).containsExactly(revocation);
      Await.of(backplane.publish(Node.event("end")));
      assertThat(inbound.placed()).hasSize(2);
    }
  }

  @Test
  void moreDataThanIsAllowedIsRefusedInTransactionsToo() throws Exception {
    PgBackplane backplane =
        PgBackplane.builder(TestDatabase.url()).schema(schema).maxDataLength(3).build();
    try (backplane;
        Connection connection = TestDatabase.connect()) {
      assertThatThrownBy(() -> backplane.publish(connection, Node.event("1234")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("data: 4 characters (expected: <= 3)");
      assertThatThrownBy(() -> backplane.publish(Node.event("1234")))
          .isInstanceOf(IllegalArgumentException.class);
      backplane.publish(connection, Node.event("123"));
    }
  }
}
