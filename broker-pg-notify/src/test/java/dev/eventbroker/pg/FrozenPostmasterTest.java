package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.SourceStatus;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel takes in connections for a server that does not: nobody ever answers. */
class FrozenPostmasterTest {

  @Row(5)
  @Test
  void whoIsConnectedGoesOnAndWhoIsNotWaitsWithoutHanging(@TempDir Path data) throws Exception {
    try (OwnServer server = new OwnServer(data).withSchema();
        Connection admin = server.connect();
        Statement statement = admin.createStatement()) {
      Node node = Node.on(PgSchema.DEFAULT_NAME, server.url(), UnaryOperator.identity());
      Node second = Node.on(PgSchema.DEFAULT_NAME, server.url(), UnaryOperator.identity());
      Node.Received received = node.subscribe();
      long postmaster = server.postmaster();
      Signals.send("STOP", postmaster);
      try {
        node.publish("while it is frozen");
        received.await(1);
        assertThat(node.backplane.status().state()).isEqualTo(SourceStatus.State.UP);

        for (Node each : new Node[] {node, second}) {
          statement.execute(
              "select pg_terminate_backend(pid) from pg_stat_activity"
                  + " where starts_with(application_name, '"
                  + each.backplane.name()
                  + "')");
          Await.until(
              "lost", () -> each.backplane.status().state() == SourceStatus.State.CONNECTING);
        }
        // One that is connecting can be closed.
        Await.of(Await.async(second::close));
        assertThat(second.backplane.status().detail())
            .startsWith("closed")
            .doesNotContain("thread");
        // One that goes on says what it waits for: each attempt has its limit.
        Await.until(
            "given up an attempt",
            () -> node.backplane.status().detail().matches("(?s).*-listener: .*attempt.*"));
      } finally {
        Signals.send("CONT", postmaster);
      }

      Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);
      node.publish("after");
      assertThat(received.await(2).data()).containsExactly("while it is frozen", "after");
      assertThat(received.gaps).isEmpty();
      node.close();
      Await.until(
          "no backend",
          () ->
              server.number(
                      "select count(*) from pg_stat_activity"
                          + " where starts_with(application_name, 'eventbroker-')")
                  == 0);
    }
  }
}
