package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Of several publishes with one key one enters the order, and none waits for another. */
class IdempotencyTest {

  private static final Event ONCE = Node.event("once").withIdempotencyKey("key");

  private String schema;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
  }

  @Test
  void aKeyIsRememberedAcrossRestarts() throws Exception {
    EventId first;
    try (Node before = Node.on(schema)) {
      first = Await.of(before.broker.publish(ONCE));
    }

    try (Node after = Node.on(schema)) {
      assertThat(Await.of(after.broker.publish(ONCE))).isEqualTo(first);
      assertThat(after.publish("next").position()).isEqualTo(2);
    }
  }

  @Test
  void aKeyPublishedAgainInATransactionChangesNothing() throws Exception {
    try (Node node = Node.on(schema);
        Connection connection = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      Await.of(node.broker.publish(ONCE));
      connection.setAutoCommit(false);

      node.backplane.publish(connection, ONCE);
      node.backplane.publish(connection, Node.event("with it"));
      connection.commit();
      node.backplane.wake();

      assertThat(received.await(2).data()).containsExactly("once", "with it");
      assertThat(received.ids()).extracting(EventId::position).containsExactly(1L, 2L);
      assertThat(TestDatabase.number("select count(*) from " + schema + ".eb_outbox")).isEqualTo(2);
    }
  }

  /** A unique index would make the second insert wait for the first one's transaction. */
  @Test
  void anOpenTransactionWithTheKeyHoldsNobodyUp() throws Exception {
    try (Node node = Node.on(schema);
        Connection open = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      open.setAutoCommit(false);
      node.backplane.publish(open, ONCE);

      EventId id = Await.of(node.broker.publish(ONCE));
      node.publish("after");
      open.commit();
      node.backplane.wake();
      node.publish("last");

      assertThat(id.position()).isEqualTo(1);
      assertThat(received.await(3).data()).containsExactly("once", "after", "last");
    }
  }

  @Test
  void aKeyThatWasRolledBackIsFree() throws Exception {
    try (Node node = Node.on(schema);
        Connection open = TestDatabase.connect()) {
      open.setAutoCommit(false);
      node.backplane.publish(open, ONCE);
      open.rollback();

      assertThat(Await.of(node.broker.publish(ONCE)).position()).isEqualTo(1);
    }
  }

  @Test
  void aKeyIsForgottenWithItsEvent() throws Exception {
    try (Node node = Node.on(schema, TestDatabase.url(), b -> b.retainFor(Duration.ofMillis(1)))) {
      Await.of(node.broker.publish(ONCE));
      Await.until(
          "gone",
          () -> TestDatabase.number("select count(*) from " + schema + ".eb_idempotency") == 0);

      assertThat(Await.of(node.broker.publish(ONCE)).position()).isEqualTo(2);
    }
  }

  /** The server's process may still be at the insert when its client has long given it up. */
  @Test
  void whatAnOldBackendStillStoresIsNotStoredTwice() throws Exception {
    try (FaultProxy proxy = new FaultProxy(TestDatabase.port());
        Node node = Node.hurried(schema, proxy.port());
        Connection holder = TestDatabase.connect();
        Statement statement = holder.createStatement()) {
      Node.Received received = node.subscribe();
      node.publish("before");
      holder.setAutoCommit(false);
      statement.execute("lock table " + schema + ".eb_outbox in exclusive mode");
      CompletionStage<EventId> stored = node.broker.publish(Node.event("in doubt"));
      Await.until(
          "the insert waits",
          () ->
              TestDatabase.number(
                      "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                          + " and application_name = ?",
                      node.backplane.name() + "-worker")
                  == 1);

      proxy.cut();
      holder.commit();

      assertThat(Await.of(stored).position()).isEqualTo(2);
      node.publish("after");
      assertThat(received.await(3).data()).containsExactly("before", "in doubt", "after");
    }
  }
}
