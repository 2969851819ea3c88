package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How the tables are made, who may use them, and what they say when used in a wrong way. */
class PgSchemaTest {

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final String schema = "made_" + NUMBER.incrementAndGet();

  @Test
  void anotherPrefixMakesOtherTablesInTheSameSchema() throws Exception {
    try (Connection connection = TestDatabase.connect()) {
      PgSchema.apply(connection, schema);
      PgSchema.apply(connection, schema, "more_");
      PgSchema.check(connection, schema, "more_");
    }
    try (Node one = Node.on(schema);
        Node two = Node.on(schema, TestDatabase.url(), b -> b.prefix("more_"))) {
      one.publish("one");
      Node.Received received = two.subscribe();

      assertThat(two.publish("two").position()).isEqualTo(1);
      assertThat(received.await(1).data()).containsExactly("two");
      assertThat(TestDatabase.number("select count(*) from " + schema + ".more_outbox"))
          .isEqualTo(1);
    }
  }

  @Test
  void aPrefixThatIsNoPlainNameIsRefused() {
    for (String prefix : new String[] {"", "1_", "a-b", "Eb_", "toolong_____", "a;"}) {
      assertThatThrownBy(() -> PgSchema.scripts(prefix))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("prefix: ");
    }
  }

  /** As a migration tool does it: the search path, then the file as it stands. */
  @Test
  void theFileRunsByHand() throws Exception {
    TestDatabase.execute("create schema " + schema);
    TestDatabase.execute(
        "set search_path to " + schema + "; " + PgSchema.scripts(PgSchema.DEFAULT_PREFIX).get(0));

    try (Node node = Node.on(schema)) {
      assertThat(node.publish("works").position()).isEqualTo(1);
    }
  }

  @Test
  void aSchemaThatExistsNeedsNoRightToCreateOne() throws Exception {
    String role = "owner_of_" + schema;
    TestDatabase.execute("create role " + role + " login");
    TestDatabase.execute("create schema " + schema + " authorization " + role);

    try (Connection connection = as(role)) {
      PgSchema.apply(connection, schema);
      PgSchema.check(connection, schema);
    }
  }

  @Test
  void aSchemaThatIsUpToDateNeedsNoRightToChangeIt() throws Exception {
    String role = restricted("reader");

    try (Connection connection = as(role)) {
      assertThatCode(() -> PgSchema.apply(connection, schema)).doesNotThrowAnyException();
    }
  }

  /** What docs/postgres.md tells a DBA to grant. */
  @Test
  void aNodeAndAPublisherNeedNoMoreThanIsDocumented() throws Exception {
    String node = restricted("node");
    String publisher = restricted("publisher");
    grant("select on all tables in schema %s", node);
    grant("insert, delete on %1$s.eb_outbox, %1$s.eb_ordered, %1$s.eb_idempotency", node);
    grant("insert, delete on %1$s.eb_run", node);
    grant("update on %1$s.eb_sequencer, %1$s.eb_retention", node);
    grant("insert on %s.eb_outbox", publisher);
    TestDatabase.execute("revoke all on schema public from " + node + ", " + publisher);
    String url = TestDatabase.url().replace("user=postgres", "user=" + node);

    try (Node restricted = Node.on(schema, url, b -> b.retainFor(Duration.ofMillis(1)));
        Connection connection = as(publisher)) {
      Node.Received received = restricted.subscribe();
      restricted.publish("stored by the node");
      connection.setAutoCommit(false);
      restricted.backplane.publish(connection, Node.event("within").withIdempotencyKey("k"));
      connection.commit();
      restricted.backplane.wake();

      assertThat(received.await(2).data()).containsExactly("stored by the node", "within");
      Await.until(
          "removed",
          () -> TestDatabase.number("select count(*) from " + schema + ".eb_outbox") == 0);
      assertThatThrownBy(() -> execute(publisher, "select from " + outbox()))
          .hasMessageContaining("permission denied");
      assertThatThrownBy(() -> execute(node, "update " + outbox() + " set data = ''"))
          .hasMessageContaining("permission denied");
    }
  }

  private String outbox() {
    return schema + ".eb_outbox";
  }

  @Test
  void orderingWithinATransactionThatHasWrittenExplainsItself() throws Exception {
    try (Connection connection = TestDatabase.connect();
        Statement statement = connection.createStatement()) {
      PgSchema.apply(connection, schema);
      connection.setAutoCommit(false);
      PgBackplane.builder(TestDatabase.url())
          .schema(schema)
          .build()
          .publish(connection, Node.event("written"));

      assertThatThrownBy(() -> statement.execute("select " + schema + ".eb_order_events(true)"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("in a transaction that has written (expected: one of its own)")
          .hasMessageContaining("all nodes would wait")
          .hasMessageContaining("Commit first");
    }
  }

  /** After a restore, positions may be given to something else than before. */
  @Test
  void anotherTimelineIsAnotherEpochAndAGap() throws Exception {
    apply();
    EventId before;
    try (Node node = Node.on(schema)) {
      before = node.publish("before");
    }
    TestDatabase.execute(
        "update "
            + schema
            + ".eb_sequencer set origin = split_part(origin, '/', 1) || '/00000009'");

    try (Node node = Node.on(schema)) {
      Node.Received resumed = node.resumeAfter(before);
      Await.until("a gap", () -> !resumed.gaps.isEmpty());
      assertThat(resumed.gaps.get(0).reason()).isEqualTo(Gap.Reason.EPOCH);
      EventId after = node.publish("after");
      assertThat(after.position()).isEqualTo(2);
      assertThat(after.epoch()).isNotEqualTo(before.epoch());
    }
  }

  /** A dump that is read in elsewhere brings transaction ids that mean nothing there. */
  @Test
  void anotherClusterStartsAnewAndPlacesWhatHadNoPlaceOnce() throws Exception {
    apply();
    try (Node node = Node.on(schema)) {
      node.publish("placed, from the future");
      node.publish("placed");
    }
    TestDatabase.execute(
        """
        insert into %1$s.eb_outbox (xid, topic, type, data) values
          ('99999999', 'a', 't', 'not placed, from the future'), ('4', 'a', 't', 'not placed');
        update %1$s.eb_outbox set xid = '99999998' where seq = 1;
        update %1$s.eb_run set seen = '99999999:99999999:' where pos = 2;
        update %1$s.eb_sequencer set origin = '1/' || split_part(origin, '/', 2)
        """
            .formatted(schema));

    try (Connection open = TestDatabase.connect()) {
      open.setAutoCommit(false);
      PgBackplane.builder(TestDatabase.url())
          .schema(schema)
          .build()
          .publish(open, Node.event("open meanwhile"));
      try (Node node = Node.on(schema)) {
        Node.Received received = node.subscribe();
        open.commit();
        node.backplane.wake();
        assertThat(received.await(1).data()).containsExactly("open meanwhile");
        assertThat(node.publish("next").position()).isEqualTo(6);
      }
      try (Node node = Node.on(schema)) {
        Node.Received all = node.resumeAfter(new EventId(node.broker.cursor().epoch(), 0));
        assertThat(all.await(6).data())
            .containsExactly(
                "placed, from the future",
                "placed",
                "not placed, from the future",
                "not placed",
                "open meanwhile",
                "next");
      }
    }
  }

  private void apply() throws SQLException {
    try (Connection connection = TestDatabase.connect()) {
      PgSchema.apply(connection, schema);
    }
  }

  /** A role that may see the schema, and nothing in it but its version. */
  private String restricted(String what) throws SQLException {
    apply();
    String role = what + "_of_" + schema;
    TestDatabase.execute("create role " + role + " login");
    grant("usage on schema %s", role);
    grant("select on %s.eb_outbox_version", role);
    return role;
  }

  private void grant(String what, String role) throws SQLException {
    TestDatabase.execute("grant " + what.formatted(schema) + " to " + role);
  }

  private static Connection as(String role) throws SQLException {
    return DriverManager.getConnection(TestDatabase.url().replace("user=postgres", "user=" + role));
  }

  private static void execute(String role, String sql) throws SQLException {
    try (Connection connection = as(role);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
