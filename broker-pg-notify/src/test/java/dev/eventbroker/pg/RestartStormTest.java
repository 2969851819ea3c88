package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.SourceStatus;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Started and closed again and again; {@code -Dfaults.restarts=1000} for more of it. */
class RestartStormTest {

  private static final int RESTARTS = Integer.getInteger("faults.restarts", 60);

  @Row(34)
  @Test
  void startsAndClosesLeaveNothing() throws Exception {
    once();
    Leftovers before = new Leftovers();

    for (int i = 0; i < RESTARTS; i++) {
      once();
    }

    before.assertNoneOf("restarted", () -> TestDatabase.backends("restarted"));
  }

  private static void once() {
    PgNotifySource source =
        PgNotifySource.builder(TestDatabase.url())
            .name("restarted")
            .channel("storm")
            // So long that a close which is only slow, on a busy machine, is not one by force.
            .closeTimeout(Duration.ofSeconds(60))
            .build();
    source.start(new NoInbound());
    assertThat(source.status().state()).isEqualTo(SourceStatus.State.UP);
    source.close();
    assertThat(source.status().detail()).isEqualTo("closed");
  }
}
