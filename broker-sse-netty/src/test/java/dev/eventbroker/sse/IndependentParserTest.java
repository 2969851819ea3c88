package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import com.launchdarkly.eventsource.EventSource;
import com.launchdarkly.eventsource.MessageEvent;
import java.net.URI;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was published is what a client gets that others have written. */
class IndependentParserTest {

  private static final int EVENTS = 1_000;

  private static final String[] PIECES = {
    "\r",
    "\n",
    "\r\n",
    "",
    " ",
    ":",
    "data:",
    "\ndata: x",
    "id: 9",
    "event: x",
    "retry: 1",
    "\0",
    "\uFEFF",
    "\uD83D\uDE00",
    "\u2028",
    "\u0085",
    "\t",
    "\u000B",
    "\f",
    "{\"a\":1}",
    "ä",
    "\n\n"
  };

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void anyTextComesOutAsItWentInWithItsLineEndsMadeEqual(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    try (RunningServer running = RunningServer.start()) {
      URI uri =
          URI.create(
              "http://127.0.0.1:" + running.server.localAddress().getPort() + "/events?topic=a");
      try (EventSource source = new EventSource.Builder(uri).build()) {
        source.start();
        RunningServer.until("subscribed", () -> running.broker.stats().subscriptions().open() == 1);
        for (int i = 0; i < EVENTS; i++) {
          String data = hostile(random);
          String id = running.publish("a", data).toString();

          MessageEvent message = source.readMessage();

          assertThat(message.getData()).isEqualTo(data.replace("\r\n", "\n").replace('\r', '\n'));
          assertThat(message.getEventName()).isEqualTo("moved");
          assertThat(message.getLastEventId()).isEqualTo(id);
        }
      }
    }
  }

  private static String hostile(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    int pieces = random.nextInt(12);
    for (int i = 0; i < pieces; i++) {
      text.append(
          random.nextInt(4) == 0
              ? Character.toString(0x20 + random.nextInt(0xD000))
              : PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }
}
