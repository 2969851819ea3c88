package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import dev.eventbroker.SourceStatus;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to the processes of a server while a node runs. */
class ServerFaultTest {

  private static final String SCHEMA = PgSchema.DEFAULT_NAME;

  @Row({2, 3})
  @Test
  void nothingIsLostWhenTheServerCrashesAndIsStartedAgain(@TempDir Path data) throws Exception {
    try (OwnServer server = new OwnServer(data)) {
      apply(server);
      try (Node node = Node.on(SCHEMA, server.url(), UnaryOperator.identity());
          Node other = Node.on(SCHEMA, server.url(), UnaryOperator.identity())) {
        Node.Received received = node.subscribe();
        Node.Received atOther = other.subscribe();
        EventId before = node.publish("before");
        try (Connection connection = server.connect()) {
          connection.setAutoCommit(false);
          node.backplane.publish(connection, Node.event("never committed"));
          server.crash();
        }
        awaitAway(node);
        CompletionStage<EventId> meanwhile = node.broker.publish(Node.event("meanwhile"));

        server.startAgain();
        EventId second = Await.of(meanwhile);
        awaitUp(node);
        awaitUp(other);
        EventId third = other.publish("after");

        assertThat(received.await(3).data()).containsExactly("before", "meanwhile", "after");
        assertThat(received.ids()).containsExactly(before, second, third);
        assertThat(atOther.await(3).ids()).isEqualTo(received.ids());
        assertThat(third.position()).isEqualTo(3);
        assertThat(received.gaps).isEmpty();
        assertThat(atOther.gaps).isEmpty();

        // One backend that dies takes all others with it.
        long reconnects = node.reconnects();
        killABackend(server);
        Await.until("reconnected", () -> node.reconnects() > reconnects);
        awaitUp(node);
        node.publish("after a sibling's death");
        assertThat(received.await(4).gaps).isEmpty();
        assertThat(atOther.await(4).ids()).isEqualTo(received.ids());
      }
    }
  }

  private static void apply(OwnServer server) throws SQLException {
    try (Connection connection = server.connect()) {
      PgSchema.apply(connection, SCHEMA);
    }
  }

  private static void killABackend(OwnServer server) throws Exception {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
      row.next();
      Signals.send("KILL", row.getLong(1));
    }
  }

  @Row(4)
  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void aFrozenBackendIsLeftAndAnotherOneTaken(String sslMode) throws Exception {
    String schema = TestDatabase.newSchema();
    String url = TestDatabase.url().replace("sslmode=disable", "sslmode=" + sslMode);
    try (Node node =
            Node.on(
                schema,
                url,
                builder ->
                    builder
                        .canaryInterval(Duration.ofMillis(200))
                        .canaryTimeout(Duration.ofMillis(500))
                        .statementTimeout(Duration.ofMillis(200)));
        Node other = Node.on(schema)) {
      Node.Received received = node.subscribe();
      for (String role : new String[] {"-listener", "-worker"}) {
        long frozen = pid(node.backplane.name() + role);
        Signals.send("STOP", frozen);
        try {
          long before = node.reconnects();
          other.publish("while the" + role + " is frozen");
          Await.until("reconnected", () -> node.reconnects() > before);
          awaitUp(node);
        } finally {
          Signals.send("CONT", frozen);
        }
        Await.until(
            "the old backend gone",
            () ->
                TestDatabase.number(
                        "select count(*) from pg_stat_activity where pid = ?::int",
                        Long.toString(frozen))
                    == 0);
      }

      assertThat(received.await(2).gaps).isEmpty();
      assertThat(received.ids()).extracting(EventId::position).containsExactly(1L, 2L);
      assertThat(TestDatabase.backends(node.backplane.name())).isEqualTo(2);
    }
  }

  private static long pid(String applicationName) {
    return TestDatabase.number(
        "select pid from pg_stat_activity where application_name = ?", applicationName);
  }

  private static void awaitAway(Node node) {
    Await.until("noticed", () -> node.backplane.status().state() == SourceStatus.State.CONNECTING);
  }

  private static void awaitUp(Node node) {
    Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);
  }
}
