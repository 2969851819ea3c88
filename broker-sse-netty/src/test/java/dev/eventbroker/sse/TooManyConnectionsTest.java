package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.CloseReason;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** One client more than its principal may have: told to come back, for a browser takes no other. */
class TooManyConnectionsTest {

  @Test
  void oneTooManyIsToldWhenToComeBackAndTheOthersStay() {
    try (RunningServer running =
            RunningServer.start(
                options -> options.connectionsPerPrincipal(1),
                UnaryOperator.identity(),
                pipeline -> {});
        RawClient first = running.connect();
        RawClient second = running.connect()) {
      first.open("/events?topic=a");
      assertThat(first.readChunk()).as("where it starts").startsWith("id: ");

      second.send("GET /events?topic=a HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n");
      assertThat(second.readHead()).startsWith("HTTP/1.1 200 ").contains("text/event-stream");
      assertThat(second.readChunk()).startsWith("retry: ").contains(": not now");
      second.awaitEnd();

      assertThat(running.broker.stats().connections().refused()).isOne();
      assertThat(running.broker.stats().subscriptions().opened()).isOne();
      assertThat(running.broker.connections().count("ann")).isOne();
      running.publish("a", "still here");
      assertThat(first.readChunk()).contains("still here");
      first.lastWord();
      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.DISCONNECTED);
      RunningServer.next(running.closedSubscriptions);
      running.assertNothingIsLeft();
    }
  }
}
