package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.SourceStatus;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A primary and a standby that follows it. */
class StandbyTest {

  private static final String SCHEMA = PgSchema.DEFAULT_NAME;

  @Row(13)
  @Test
  void aStandbyIsNamedAndTheNextHostTaken(@TempDir Path data, @TempDir Path copy) throws Exception {
    try (OwnServer primary = new OwnServer(data).withSchema();
        OwnServer standby = primary.standby(copy)) {
      PgBackplane refused = PgBackplane.builder(standby.url()).build();

      assertThatThrownBy(() -> refused.start(new NoInbound()))
          .isInstanceOf(BrokerException.class)
          .hasMessageContaining("a standby (expected: a primary");

      try (Node node = Node.on(SCHEMA, both(standby, primary), UnaryOperator.identity())) {
        assertThat(node.publish("on the primary").position()).isEqualTo(1);
        assertThat(backends(primary, node)).isEqualTo(2);
        assertThat(backends(standby, node)).isZero();
      }
    }
  }

  @Row(14)
  @Test
  void afterAPromotionTheNewPrimaryIsFoundAndWhatItHasIsReplayed(
      @TempDir Path data, @TempDir Path copy) throws Exception {
    try (OwnServer primary = new OwnServer(data).withSchema();
        OwnServer standby = primary.standby(copy)) {
      try (Node node =
          Node.on(
              SCHEMA,
              both(primary, standby),
              // So that what is committed waits, and is ordered by the new primary.
              builder -> builder.pollInterval(Duration.ofMinutes(5)))) {
        Node.Received received = node.subscribe();
        EventId before = node.publish("before");
        received.await(1);
        try (Connection connection = primary.connect()) {
          node.backplane.publish(connection, Node.event("committed on the old one"));
        }
        awaitReplicated(primary, standby);

        primary.crash();
        standby.execute("select pg_promote()");
        Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);

        assertThat(received.await(2).data()).containsExactly("before", "committed on the old one");
        assertThat(received.gaps).extracting(Gap::reason).containsExactly(Gap.Reason.EPOCH);
        EventId after = node.publish("after");
        assertThat(after.epoch()).isNotEqualTo(before.epoch());
        assertThat(after.position()).isEqualTo(3);
        assertThat(backends(standby, node)).isEqualTo(2);
      }
    }
  }

  private static String both(OwnServer first, OwnServer second) {
    return first.url().replace("/postgres", ",localhost:" + second.port() + "/postgres");
  }

  private static void awaitReplicated(OwnServer primary, OwnServer standby) {
    Await.until(
        "replicated",
        () ->
            standby.number("select count(*) from " + SCHEMA + ".eb_outbox")
                == primary.number("select count(*) from " + SCHEMA + ".eb_outbox"));
  }

  private static long backends(OwnServer server, Node node) {
    return server.number(
        "select count(*) from pg_stat_activity where starts_with(application_name, '"
            + node.backplane.name()
            + "')");
  }
}
