package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.EventId;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Somebody listens within a transaction and does not end it: the server can't clean its queue. */
class FullNotificationQueueTest {

  private static final String SCHEMA = PgSchema.DEFAULT_NAME;
  private static final String TOO_MANY = "54000";

  @Row(19)
  @Test
  void whoNotifiesIsToldTheTruthAndNothingIsLostWhenThereIsRoomAgain(@TempDir Path data)
      throws Exception {
    try (OwnServer server =
            new OwnServer(data, Map.of("max_notify_queue_pages", "64")).withSchema();
        Connection sleeper = server.connect();
        Node node =
            Node.on(
                SCHEMA,
                server.url(),
                builder ->
                    builder
                        .notifyInTransaction(true)
                        .canaryInterval(Duration.ofMillis(200))
                        .canaryTimeout(Duration.ofMillis(500)));
        Node other = Node.on(SCHEMA, server.url(), builder -> builder)) {
      Node.Received received = node.subscribe();
      Node.Received there = other.subscribe();
      node.publish("before");
      listenAndSleep(sleeper);
      fill(server);

      Await.until(
          "the gauge or the state says so",
          () ->
              node.backplane.gauges().get("notification.queue.usage").doubleValue() > 0.9
                  || node.backplane.status().detail().contains("too many notifications"));
      try (Connection connection = server.connect()) {
        connection.setAutoCommit(false);
        node.backplane.publish(connection, Node.event("never committed"));
        assertThatThrownBy(connection::commit)
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(TOO_MANY));
      }
      CompletionStage<EventId> meanwhile = node.broker.publish(Node.event("meanwhile"));

      assertThat(Await.of(meanwhile).position()).isEqualTo(2);
      assertThat(there.await(2).data()).containsExactly("before", "meanwhile");
      sleeper.rollback();
      node.publish("after");
      assertThat(received.await(3).data()).containsExactly("before", "meanwhile", "after");
      assertThat(received.gaps).isEmpty();
    }
  }

  /** It listens already, and its queue pointer stays where it is as long as it does not end. */
  private static void listenAndSleep(Connection sleeper) throws SQLException {
    try (Statement statement = sleeper.createStatement()) {
      statement.execute("listen nothing");
      sleeper.setAutoCommit(false);
      statement.execute("select 1");
    }
  }

  private static void fill(OwnServer server) throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      while (true) {
        statement.execute(
            "select pg_notify('others', i || repeat('x', 7000)) from generate_series(1, 5) i");
      }
    } catch (SQLException e) {
      assertThat(e.getSQLState()).isEqualTo(TOO_MANY);
    }
  }
}
