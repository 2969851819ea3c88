package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WireFrameTest {

  private static final String TEXT = "retry: 1000\n: connected\n\n";

  private final WireFrame frame = new WireFrame(SseFrame.preamble(Duration.ofSeconds(1)));

  @Test
  void aChunkIsItsLengthInHexAndTheFrameBetweenLineEnds() {
    assertThat(frame.share(true).toString(UTF_8)).isEqualTo("19\r\n" + TEXT + "\r\n");
    assertThat(TEXT).hasSize(0x19);
  }

  @Test
  void theBytesAreTheSameOnTheHeapAndInDirectMemoryHoweverOftenTheyAreWrittenAndReleased() {
    for (int use = 0; use < 10; use++) {
      ByteBuf chunk = frame.share(true);
      ByteBuf plain = frame.share(false);

      assertThat(chunk.readCharSequence(chunk.readableBytes(), UTF_8))
          .hasToString("19\r\n" + TEXT + "\r\n");
      assertThat(plain.readCharSequence(plain.readableBytes(), UTF_8)).hasToString(TEXT);
      chunk.release();
      plain.release();
    }
  }

  @Test
  void aCopyIsTheSameBytes() {
    ByteBuf copy = Unpooled.buffer();

    frame.copyTo(copy, true);
    frame.copyTo(copy, false);

    assertThat(copy.toString(UTF_8)).isEqualTo("19\r\n" + TEXT + "\r\n" + TEXT);
    assertThat(copy.readableBytes()).isEqualTo(frame.size(true) + frame.size(false));
  }

  @Test
  void whatSeveralConnectionsTakeIsInDirectMemoryAndWhatOneTakesIsNot() {
    assertThat(frame.share(true).isDirect()).isFalse();
    for (int use = 0; use < 5; use++) {
      frame.share(true);
    }
    assertThat(frame.share(true).isDirect()).isTrue();
    assertThat(frame.share(false).isDirect()).isTrue();
  }
}
