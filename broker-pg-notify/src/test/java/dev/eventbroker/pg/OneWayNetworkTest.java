package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import dev.eventbroker.SourceStatus;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What is said arrives, and no answer comes back. */
class OneWayNetworkTest {

  @Row(7)
  @Test
  void whatTheServerDidWithoutAnAnswerIsFoundOutAndNotDoneTwice() throws Exception {
    String schema = TestDatabase.newSchema();
    try (FaultProxy proxy = new FaultProxy(TestDatabase.port());
        Node node =
            Node.on(
                schema,
                TestDatabase.url(proxy.port()),
                builder ->
                    builder
                        .canaryInterval(Duration.ofMillis(200))
                        .canaryTimeout(Duration.ofMillis(500))
                        .statementTimeout(Duration.ofMillis(500))
                        .pollInterval(Duration.ofMinutes(1)));
        Node other = Node.on(schema)) {
      Node.Received received = node.subscribe();
      Node.Received atOther = other.subscribe();
      node.publish("before");

      proxy.passFromServer(0);
      CompletionStage<EventId> meanwhile = node.broker.publish(Node.event("stored unheard"));
      atOther.await(2);
      other.publish("of the other node");
      Await.until("noticed by both", () -> node.reconnects() >= 2);
      Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);

      assertThat(Await.of(meanwhile)).isEqualTo(atOther.ids().get(1));
      assertThat(received.await(3).data())
          .containsExactly("before", "stored unheard", "of the other node");
      assertThat(received.ids()).isEqualTo(atOther.await(3).ids());
      assertThat(received.gaps).isEmpty();
      assertThat(TestDatabase.number("select count(*) from " + schema + ".eb_outbox")).isEqualTo(3);
    }
  }
}
