package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Connections that were opened at different moments send their heartbeats together. */
class HeartbeatTurnsTest {

  private static final String HEARTBEAT = "6\r\n: hb\n\n\r\n";

  private final AtomicLong clock = new AtomicLong();
  private final TimedStream first = stream();
  private final TimedStream second = stream();

  @Test
  void whatIsDueWithinOneTurnIsSentAtItsEnd() {
    pass(1);
    first.open();
    pass(99);
    second.open();
    sent();

    pass(14_890);
    assertThat(sent()).isEmpty();
    pass(10);

    // Sixty-four turns of 15 s are over.
    assertThat(first.sent()).isEqualTo(HEARTBEAT);
    assertThat(second.sent()).isEqualTo(HEARTBEAT);
    first.close();
    second.close();
  }

  private TimedStream stream() {
    return new TimedStream(endpoint -> endpoint.nanoClock(clock::get));
  }

  private void pass(long millis) {
    clock.addAndGet(Duration.ofMillis(millis).toNanos());
    first.pass(Duration.ofMillis(millis));
    second.pass(Duration.ofMillis(millis));
  }

  private String sent() {
    return first.sent() + second.sent();
  }
}
