package dev.eventbroker.examples.aftercommit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.examples.aftercommit.Orders.Item;
import dev.eventbroker.testing.RecordingSubscriber;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was rolled back is never seen; what was committed is seen exactly once and in order. */
class AfterCommitTest {

  private static EmbeddedPostgres postgres;
  private static DataSource database;

  private final Broker broker = new BrokerBuilder().name("after-commit").build();
  private final Transactions transactions = new Transactions(database, broker);
  private final Orders orders = new Orders(transactions);
  private final RecordingSubscriber clerk = new RecordingSubscriber();

  @BeforeAll
  static void startPostgres() throws IOException {
    // The default of ten seconds is short for a machine with other work to do.
    postgres = EmbeddedPostgres.builder().setPGStartupWait(Duration.ofSeconds(60)).start();
    database = postgres.getPostgresDatabase();
  }

  @AfterAll
  static void stopPostgres() throws IOException {
    postgres.close();
  }

  @BeforeEach
  void prepare() throws Exception {
    Orders.prepare(database);
    execute("truncate example_order");
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("clerk"))
            .filter(TopicFilter.exactly(Orders.TOPIC))
            .build(),
        clerk);
    clerk.when(seen -> seen.record().startsWith("start")).get(30, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void whatIsCommittedIsSeenExactlyOnceAndInOrder() throws Exception {
    orders.place(List.of(new Item("c", 1), new Item("a", 1), new Item("b", 1)));
    orders.place(List.of(new Item("d", 1)));

    assertThat(seenUpToAMarker()).containsExactly("c", "a", "b", "d");
    assertThat(stored()).containsExactly("a", "b", "c", "d", "marker");
  }

  @Test
  void nothingIsSeenBeforeTheCommit() throws Exception {
    EventId before = broker.cursor();

    var unused =
        transactions.run(
            (connection, events) -> {
              Orders.insert(connection, new Item("a", 1));
              events.publish(Event.of(Orders.TOPIC, "order.placed", "a"));
              assertThat(broker.cursor()).isEqualTo(before);
            });

    assertThat(broker.cursor().position()).isEqualTo(before.position() + 1);
  }

  @Test
  void aConstraintThatIsViolatedLeavesNothingToSee() throws Exception {
    assertThatThrownBy(() -> orders.place(List.of(new Item("a", 1), new Item("b", 0))))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("example_order_quantity_check");

    assertThat(seenUpToAMarker()).isEmpty();
    assertThat(stored()).containsExactly("marker");
  }

  @Test
  void aConstraintThatIsCheckedByTheCommitItselfLeavesNothingToSee() throws Exception {
    assertThatThrownBy(
            () ->
                transactions.run(
                    (connection, events) -> {
                      try (Statement statement = connection.createStatement()) {
                        statement.execute("set constraints all deferred");
                      }
                      Orders.insert(connection, new Item("a", 1));
                      Orders.insert(connection, new Item("a", 1));
                      events.publish(Event.of(Orders.TOPIC, "order.placed", "a"));
                    }))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("example_order_pkey");

    assertThat(seenUpToAMarker()).isEmpty();
    assertThat(clerk.gaps()).isEmpty();
    assertThat(stored()).containsExactly("marker");
  }

  @Test
  void anExplicitRollbackLeavesNothingToSee() throws Exception {
    IllegalStateException changedMyMind = new IllegalStateException("changed my mind");

    assertThatThrownBy(
            () ->
                transactions.run(
                    (connection, events) -> {
                      Orders.insert(connection, new Item("a", 1));
                      events.publish(Event.of(Orders.TOPIC, "order.placed", "a"));
                      throw changedMyMind;
                    }))
        .isSameAs(changedMyMind);

    assertThat(seenUpToAMarker()).isEmpty();
    assertThat(stored()).containsExactly("marker");
  }

  @Test
  void aConnectionThatIsKilledBeforeTheCommitTellsNoEventButThatThereMayBeSomething()
      throws Exception {
    assertThatThrownBy(
            () ->
                transactions.run(
                    (connection, events) -> {
                      Orders.insert(connection, new Item("a", 1));
                      events.publish(Event.of(Orders.TOPIC, "order.placed", "a"));
                      execute("select pg_terminate_backend(" + backendOf(connection) + ", 30000)");
                    }))
        .isInstanceOf(SQLException.class);

    assertThat(seenUpToAMarker()).isEmpty();
    assertThat(clerk.gaps()).hasSize(1);
    assertThat(stored()).containsExactly("marker");
  }

  @Test
  void aConnectionThatIsKilledBeforeAStatementLeavesNothingToSee() throws Exception {
    assertThatThrownBy(
            () ->
                transactions.run(
                    (connection, events) -> {
                      Orders.insert(connection, new Item("a", 1));
                      events.publish(Event.of(Orders.TOPIC, "order.placed", "a"));
                      execute("select pg_terminate_backend(" + backendOf(connection) + ", 30000)");
                      Orders.insert(connection, new Item("b", 1));
                    }))
        .isInstanceOf(SQLException.class);

    assertThat(seenUpToAMarker()).isEmpty();
    assertThat(stored()).containsExactly("marker");
  }

  @Test
  void aFailureInPublishingNeverReachesTheCommitter() throws Exception {
    CompletionStage<List<EventId>> published =
        transactions.run(
            (connection, events) -> {
              Orders.insert(connection, new Item("a", 1));
              events.publish(Event.of(Orders.TOPIC, "order.placed", "a"));
              broker.close();
            });

    assertThat(stored()).containsExactly("a");
    assertThatThrownBy(() -> published.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(BrokerException.Closed.class);
    assertThat(broker.stats().detached().deferredFailed()).isEqualTo(1);
    assertThat(clerk.data()).isEmpty();
  }

  /** What came before an order that is placed last. */
  private List<String> seenUpToAMarker() throws Exception {
    orders.place(List.of(new Item("marker", 1)));
    clerk.when(seen -> seen.data().contains("marker")).get(30, TimeUnit.SECONDS);
    List<String> before = new ArrayList<>(clerk.data());
    before.remove(before.size() - 1);
    return before;
  }

  private static List<String> stored() throws SQLException {
    List<String> articles = new ArrayList<>();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("select article from example_order order by article")) {
      while (rows.next()) {
        articles.add(rows.getString(1));
      }
    }
    return articles;
  }

  private static int backendOf(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
