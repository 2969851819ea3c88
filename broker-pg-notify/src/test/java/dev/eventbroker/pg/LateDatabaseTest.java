package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import dev.eventbroker.SourceStatus;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The node is there before its database is. */
class LateDatabaseTest {

  @Row(12)
  @Test
  void aLazyNodeKeepsItsSubscribersAndWhatIsPublishedUntilThereIsADatabase(@TempDir Path data)
      throws Exception {
    try (OwnServer server = new OwnServer(data)) {
      server.crash();
      try (Node node =
          Node.on(PgSchema.DEFAULT_NAME, server.url(), builder -> builder.lazyStart(true))) {
        Node.Received received = node.subscribe();
        CompletionStage<EventId> early = node.broker.publish(Node.event("early"));
        Await.until("refused", () -> node.backplane.status().detail().contains("refused"));
        assertThat(node.backplane.status().state()).isEqualTo(SourceStatus.State.CONNECTING);

        server.startAgain();
        Await.until(
            "a database without the schema",
            () -> node.backplane.status().detail().contains("missing (expected: version"));
        try (Connection connection = server.connect()) {
          PgSchema.apply(connection, PgSchema.DEFAULT_NAME);
        }

        EventId id = Await.of(early);
        Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);
        assertThat(received.await(1).data()).containsExactly("early");
        assertThat(received.ids()).containsExactly(id);
        assertThat(node.backplane.status().detail()).isEmpty();
      }
    }
  }
}
