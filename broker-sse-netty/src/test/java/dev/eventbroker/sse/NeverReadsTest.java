package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that ask and ask, and never read an answer. */
class NeverReadsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /events HTTP/1.1\r\n\r\n",
        "HEAD /events?topic=a HTTP/1.1\r\n\r\n",
        "OPTIONS /events HTTP/1.1\r\n\r\n",
        "PUT /events HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
        "GET /nothing HTTP/1.1\r\n\r\n"
      })
  void theAnswersThatWaitForAClientAreBounded(String request) {
    try (Broker broker = new BrokerBuilder().build()) {
      SseEndpoint endpoint =
          SseEndpoint.builder(broker).authorizer(SseAuthorizer.everybodyAs("ann")).build();
      FullSocket socket = new FullSocket();
      EmbeddedChannel channel =
          new EmbeddedChannel(socket, new HttpServerCodec(), endpoint, new NotFound());

      for (int i = 0; i < 5_000 && channel.isOpen(); i++) {
        channel.writeInbound(Unpooled.copiedBuffer(request, ISO_8859_1));
        channel.runPendingTasks();
      }

      long waiting =
          channel.isOpen() ? channel.unsafe().outboundBuffer().totalPendingWriteBytes() : 0;
      assertThat(waiting).isLessThan(2L * channel.config().getWriteBufferHighWaterMark());
      socket.isFull = false;
      channel.flush();
      assertThat(channel.isOpen()).isFalse();
      channel.finishAndReleaseAll();
    }
  }

  /** A socket whose buffers are full, because nobody reads at its other end. */
  private static final class FullSocket extends ChannelOutboundHandlerAdapter {

    boolean isFull = true;

    @Override
    public void flush(ChannelHandlerContext ctx) {
      if (!isFull) {
        ctx.flush();
      }
    }
  }
}
