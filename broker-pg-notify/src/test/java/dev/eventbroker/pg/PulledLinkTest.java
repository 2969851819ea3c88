package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventbroker.EventId;
import dev.eventbroker.SourceStatus;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real network goes away: no reset, no refusal, nothing; the kernels of both sides just retry.
 */
class PulledLinkTest {

  @Row(31)
  @Test
  void aPulledLinkIsNoticedOnBothSidesAndCostsNothing(@TempDir Path data) throws Exception {
    assumeTrue(
        NamespacedServer.isPossible(),
        "row 31 is SKIPPED: needs root and network namespaces (ip netns)");
    try (NamespacedServer server = new NamespacedServer(data)) {
      Await.until("the server", () -> connects(server));
      try (Node node =
          Node.on(
              PgSchema.DEFAULT_NAME,
              server.url(),
              builder ->
                  builder
                      .canaryInterval(Duration.ofMillis(200))
                      .canaryTimeout(Duration.ofMillis(500))
                      .statementTimeout(Duration.ofSeconds(1)))) {
        Node.Received received = node.subscribe();
        node.publish("before");

        server.pull();
        CompletionStage<EventId> meanwhile = node.broker.publish(Node.event("meanwhile"));
        Await.until(
            "noticed", () -> node.backplane.status().state() == SourceStatus.State.CONNECTING);
        server.plug();

        assertThat(Await.of(meanwhile).position()).isEqualTo(2);
        Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);
        assertThat(received.await(2).data()).containsExactly("before", "meanwhile");
        assertThat(received.gaps).isEmpty();
        // The server's own keep-alives, as the connection asks for them.
        Await.until("no old backend", () -> backends(server, node) == 2);
      }
    }
  }

  private static boolean connects(NamespacedServer server) {
    try (Connection connection = DriverManager.getConnection(server.url())) {
      return connection.isValid(0);
    } catch (SQLException e) {
      return false;
    }
  }

  private static long backends(NamespacedServer server, Node node) {
    String count =
        "select count(*) from pg_stat_activity where starts_with(application_name, '"
            + node.backplane.name()
            + "')";
    try (Connection connection = DriverManager.getConnection(server.url());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(count)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
