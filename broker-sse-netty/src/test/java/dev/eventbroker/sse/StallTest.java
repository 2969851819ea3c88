package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What the stall timeout sees where a stream writes right to its socket. */
class StallTest {

  private final Peer peer = new Peer();

  @Test
  void rule28AClientThatTakesEveryBurstOfTheSameSizeSlowlyIsNotClosed() {
    try (TimedStream stream = new TimedStream(peer, UnaryOperator.identity()).open()) {
      for (int i = 0; i < 10; i++) {
        peer.stopped = true;
        publish(stream);
        stream.pass(Duration.ofSeconds(20));
        peer.stopped = false;
        stream.channel.flush();
      }

      assertThat(stream.channel.isOpen()).isTrue();
    }
  }

  @Test
  void rule28AClientThatTakesNoneOfABurstIsClosed() {
    try (TimedStream stream = new TimedStream(peer, UnaryOperator.identity()).open()) {
      peer.stopped = true;
      publish(stream);
      stream.pass(Duration.ofSeconds(29));
      assertThat(stream.channel.isOpen()).isTrue();

      stream.pass(Duration.ofSeconds(5));

      assertThat(stream.channel.isOpen()).isFalse();
      assertThat(stream.closed).extracting(CloseReason::code).containsExactly("stalled");
    }
  }

  private static void publish(TimedStream stream) {
    var unused = stream.broker.publish(Event.of(Topic.of("a"), "moved", "x"));
    stream.channel.runPendingTasks();
  }

  /** A channel whose other end can stop to take bytes. */
  private static final class Peer extends EmbeddedChannel {

    private boolean stopped;

    @Override
    protected void doWrite(ChannelOutboundBuffer waiting) throws Exception {
      if (!stopped) {
        super.doWrite(waiting);
      }
    }
  }
}
