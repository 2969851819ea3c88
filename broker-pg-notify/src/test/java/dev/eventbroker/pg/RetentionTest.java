package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is old enough goes, oldest first, and nothing else. */
class RetentionTest {

  private String schema;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
  }

  @Test
  void whatIsTooOldIsRemovedAndAResumeFromItIsToldAGap() throws Exception {
    EventId first;
    try (Node node = Node.on(schema)) {
      first = node.publish("old");
      node.publish("old too");
      age("2 days");
      node.publish("young");
    }

    try (Node node = Node.on(schema, TestDatabase.url(), b -> b.retainFor(Duration.ofDays(1)))) {
      Await.until("removed", () -> count("eb_outbox") == 1 && count("eb_ordered") == 1);
      assertThat(node.broker.cursor().position()).isEqualTo(3);
    }
    try (Node node = Node.on(schema)) {
      Node.Received tooOld = node.resumeAfter(first);
      Await.until("a gap", () -> !tooOld.gaps.isEmpty());
      assertThat(tooOld.gaps.get(0).reason()).isEqualTo(Gap.Reason.EXPIRED);
      Node.Received recent = node.resumeAfter(new EventId(first.epoch(), 2));
      assertThat(recent.await(1).data()).containsExactly("young");
      assertThat(recent.gaps).isEmpty();
      assertThat(node.publish("next").position()).isEqualTo(4);
    }
  }

  @Test
  void whatIsBeyondTheSizeIsRemoved() throws Exception {
    String tenBytes = "0123456789";
    try (Node node = Node.on(schema, TestDatabase.url(), b -> b.retainBytes(30))) {
      Node.Received received = node.subscribe();
      for (int i = 0; i < 10; i++) {
        node.publish(tenBytes);
      }

      Await.until("removed", () -> count("eb_outbox") == 3);

      assertThat(first()).isEqualTo(8);
      assertThat(received.await(10).gaps).isEmpty();
      assertThat(node.publish("next").position()).isEqualTo(11);
    }
  }

  /** However old its row is: it counts from when it was given its place. */
  @Test
  void whatHasNoPlaceYetIsNeverRemoved() throws Exception {
    try (Node node = Node.on(schema, TestDatabase.url(), b -> b.retainFor(Duration.ofMillis(500)));
        Connection late = TestDatabase.connect()) {
      Node.Received received = node.subscribe();
      late.setAutoCommit(false);
      node.backplane.publish(late, Node.event("late"));
      node.publish("soon gone");
      Await.until("gone", () -> count("eb_ordered") == 0);

      late.commit();
      node.backplane.wake();

      assertThat(received.await(2).data()).containsExactly("soon gone", "late");
      assertThat(received.gaps).isEmpty();
    }
  }

  @Test
  void severalNodesRemoveOneAtATimeAndTheOrderGoesOn() throws Exception {
    try (Node node = Node.on(schema)) {
      CompletionStage<EventId> last = node.broker.publish(Node.event("0"));
      for (int i = 1; i < 5_000; i++) {
        last = node.broker.publish(Node.event(Integer.toString(i)));
      }
      Await.of(last);
    }

    try (Node one = Node.on(schema, TestDatabase.url(), b -> b.retainFor(Duration.ofMillis(1)));
        Node two = Node.on(schema, TestDatabase.url(), b -> b.retainFor(Duration.ofMillis(1)))) {
      Await.until("all removed", () -> count("eb_outbox") == 0 && count("eb_run") == 1);
      assertThat(one.broker.cursor()).isEqualTo(two.broker.cursor());
    }
    try (Node node = Node.on(schema)) {
      assertThat(node.publish("next").position()).isEqualTo(5_001);
    }
  }

  @Test
  void aBatchIsBounded() throws Exception {
    try (Node node = Node.on(schema)) {
      for (int i = 0; i < 10; i++) {
        node.publish("event");
      }
    }
    age("2 days");

    assertThat(trim(4)).isEqualTo(4);
    assertThat(first()).isEqualTo(5);
    assertThat(trim(100)).isEqualTo(6);
    assertThat(trim(100)).isZero();
    assertThat(count("eb_run")).isEqualTo(1);
  }

  private long trim(int batch) {
    return TestDatabase.number(
        "select removed from " + schema + ".eb_trim(interval '1 day', null, ?::int)",
        Integer.toString(batch));
  }

  private void age(String interval) throws Exception {
    TestDatabase.execute("update " + schema + ".eb_run set at = at - interval '" + interval + "'");
  }

  private long count(String table) {
    return TestDatabase.number("select count(*) from " + schema + "." + table);
  }

  private long first() {
    return TestDatabase.number("select min(pos) from " + schema + ".eb_ordered");
  }
}
