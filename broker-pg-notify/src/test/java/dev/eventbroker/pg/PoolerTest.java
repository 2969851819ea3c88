package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.BrokerException;
import dev.eventbroker.SourceStatus;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LISTEN through a transaction pooler seems to work and hears nothing: it is refused. */
class PoolerTest {

  private final Leftovers before = new Leftovers();

  /**
   * With one backend, nothing but its key tells a pooler from the server when nobody else works.
   */
  @Row(15)
  @ParameterizedTest
  @CsvSource({"2, false", "2, true", "1, true"})
  void aTransactionPoolerIsRefusedInOneSentence(int backends, boolean ownKey) throws Exception {
    PgNotifySource source;
    try (FakePooler pooler = FakePooler.ofTransactions(TestDatabase.port(), backends, ownKey)) {
      source =
          PgNotifySource.builder(TestDatabase.url(pooler.port()))
              .channel("pooled")
              .canaryTimeout(Duration.ofSeconds(1))
              .build();

      assertThatThrownBy(() -> source.start(new NoInbound()))
          .isInstanceOf(BrokerException.class)
          .hasMessageContaining("pooler stands between");

      assertThat(source.status().state()).isEqualTo(SourceStatus.State.CLOSED);
    }
    before.assertNoneOf(source.name(), () -> TestDatabase.backends(source.name()));
  }

  @Row(15)
  @ParameterizedTest
  @CsvSource({"2, false", "1, true"})
  void aBackplaneIsRefusedToo(int backends, boolean ownKey) throws Exception {
    String schema = TestDatabase.newSchema();
    try (FakePooler pooler = FakePooler.ofTransactions(TestDatabase.port(), backends, ownKey)) {
      PgBackplane backplane =
          PgBackplane.builder(TestDatabase.url(pooler.port()))
              .schema(schema)
              .canaryTimeout(Duration.ofSeconds(1))
              .build();

      assertThatThrownBy(() -> backplane.start(new NoInbound()))
          .isInstanceOf(BrokerException.class)
          .hasMessageContaining("pooler stands between");
    }
  }

  @Row(15)
  @Test
  void aSessionPoolerIsAsGoodAsTheServer() throws Exception {
    String schema = TestDatabase.newSchema();
    try (FakePooler pooler = FakePooler.ofSessions(TestDatabase.port());
        Node node = Node.on(schema, TestDatabase.url(pooler.port()), UnaryOperator.identity());
        Node other = Node.on(schema)) {
      Node.Received received = node.subscribe();
      node.publish("here");
      other.publish("there");

      assertThat(received.await(2).data()).containsExactly("here", "there");
      assertThat(TestDatabase.backends(node.backplane.name())).isEqualTo(2);
    }
  }
}
