package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WireFrameTest {

  private static final String TEXT = "retry: 1000\n: connected\n\n";

  private final WireFrame frame = new WireFrame(SseFrame.preamble(Duration.ofSeconds(1)));

  @Test
  void aChunkIsItsLengthInHexAndTheFrameBetweenLineEnds() {
    assertThat(frame.chunk().toString(UTF_8)).isEqualTo("19\r\n" + TEXT + "\r\n");
    assertThat(TEXT).hasSize(0x19);
  }

  @Test
  void theBytesAreTheSameOnTheHeapAndInDirectMemoryHoweverOftenTheyAreWrittenAndReleased() {
    for (int use = 0; use < 10; use++) {
      ByteBuf chunk = frame.chunk();
      ByteBuf plain = frame.plain();

      assertThat(chunk.readCharSequence(chunk.readableBytes(), UTF_8))
          .hasToString("19\r\n" + TEXT + "\r\n");
      assertThat(plain.readCharSequence(plain.readableBytes(), UTF_8)).hasToString(TEXT);
      chunk.release();
      plain.release();
    }
  }

  @Test
  void whatSeveralConnectionsTakeIsInDirectMemoryAndWhatOneTakesIsNot() {
    assertThat(frame.chunk().isDirect()).isFalse();
    for (int use = 0; use < 5; use++) {
      frame.chunk();
    }
    assertThat(frame.chunk().isDirect()).isTrue();
    assertThat(frame.plain().isDirect()).isTrue();
  }
}
