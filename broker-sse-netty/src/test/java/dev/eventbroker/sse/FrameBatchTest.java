package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Streams of one event loop that write in turn. */
class FrameBatchTest {

  private final FrameBatch batch = new FrameBatch();
  private final EmbeddedChannel one = channel();
  private final EmbeddedChannel other = channel();
  private final Wire wireOfOne = wire(one);
  private final Wire wireOfOther = wire(other);

  @AfterEach
  void close() {
    one.finishAndReleaseAll();
    other.finishAndReleaseAll();
  }

  @Test
  void whoWritesBesideAnotherGetsItsOwnFramesInOrder() {
    wireOfOne.write(cursor(1));
    wireOfOther.write(cursor(2));
    wireOfOne.write(cursor(3));
    wireOfOther.write(cursor(4));
    wireOfOne.flush();
    wireOfOther.flush();

    assertThat(sent(one)).isEqualTo("9\r\nid: e.1\n\n\r\n9\r\nid: e.3\n\n\r\n");
    assertThat(sent(other)).isEqualTo("9\r\nid: e.2\n\n\r\n9\r\nid: e.4\n\n\r\n");
  }

  @Test
  void whatWasNotFlushedGoesOutWithTheEnd() {
    wireOfOne.write(cursor(1));
    wireOfOther.write(cursor(2));

    var unused = wireOfOne.end();

    assertThat(sent(one)).isEqualTo("9\r\nid: e.1\n\n\r\n0\r\n\r\n");
    assertThat(sent(other)).isEmpty();
  }

  @Test
  void whatAStreamThatIsGoneHasNotSentGoesToNobody() {
    wireOfOne.write(cursor(1));
    wireOfOne.abandon();
    wireOfOther.abandon();

    wireOfOther.write(cursor(2));
    wireOfOther.flush();

    assertThat(one.outboundMessages()).isEmpty();
    assertThat(sent(other)).isEqualTo("9\r\nid: e.2\n\n\r\n");
  }

  @Test
  void aBatchIsOneBufferHoweverManyFramesThereAre() {
    for (int i = 0; i < 100; i++) {
      wireOfOne.write(cursor(1));
    }
    wireOfOne.flush();

    assertThat(one.outboundMessages()).hasSize(1);
  }

  private Wire wire(EmbeddedChannel channel) {
    StreamPlace place = StreamPlace.takeOver(channel.pipeline().lastContext());
    Wire wire = new Wire(place, batch, true, false);
    channel.pipeline().remove(HttpServerCodec.class);
    wire.standAlone();
    return wire;
  }

  private static EmbeddedChannel channel() {
    return new EmbeddedChannel(new HttpServerCodec(), new ChannelInboundHandlerAdapter());
  }

  private static WireFrame cursor(long position) {
    return new WireFrame(SseFrame.cursor(new EventId("e", position)));
  }

  private static String sent(EmbeddedChannel channel) {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    return text.toString();
  }
}
