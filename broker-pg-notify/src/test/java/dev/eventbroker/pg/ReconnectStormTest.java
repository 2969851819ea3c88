package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.LogLines;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All nodes lose the same database at the same moment. */
class ReconnectStormTest {

  private static final int SOURCES = 50;
  private static final String BACKENDS =
      "select count(*) from pg_stat_activity where application_name like 'storm-%'";

  @Row(32)
  @Test
  void everybodyComesBackOnItsOwnTimeOverOneConnectionEach(@TempDir Path data) throws Exception {
    Leftovers before = new Leftovers();
    Set<Integer> channelsHeard = ConcurrentHashMap.newKeySet();
    try (LogLines logged = new LogLines("dev.eventbroker.pg");
        OwnServer server = new OwnServer(data)) {
      try (Broker broker = new BrokerBuilder().build()) {
        List<PgNotifySource> sources = new ArrayList<>();
        for (int i = 0; i < SOURCES; i++) {
          int number = i;
          PgNotifySource source =
              PgNotifySource.builder(server.url())
                  .name("storm")
                  .channel("storm")
                  // So long that a busy machine is not a second loss.
                  .canaryTimeout(Duration.ofSeconds(60))
                  .mapper(
                      (channel, payload) -> {
                        channelsHeard.add(number);
                        return List.of();
                      })
                  .build();
          broker.attach(source);
          sources.add(source);
        }

        server.crash();
        for (PgNotifySource source : sources) {
          Await.until("lost", () -> source.status().state() == SourceStatus.State.CONNECTING);
        }
        server.startAgain();
        Set<Long> most = new HashSet<>();
        for (PgNotifySource source : sources) {
          Await.until("up", () -> source.status().state() == SourceStatus.State.UP);
          most.add(server.number(BACKENDS));
        }

        assertThat(most).allMatch(backends -> backends <= SOURCES);
        assertThat(server.number(BACKENDS)).isEqualTo(SOURCES);
        server.execute("select pg_notify('storm', 'is over')");
        Await.until("all hear", () -> channelsHeard.size() == SOURCES);
        // Once for the loss and once for the return, however many attempts it took.
        assertThat(logged.at(ch.qos.logback.classic.Level.WARN)).hasSize(SOURCES);
        assertThat(logged.at(ch.qos.logback.classic.Level.INFO)).hasSize(SOURCES);
      }
      before.assertNoneOf("storm", () -> 0);
    }
  }
}
