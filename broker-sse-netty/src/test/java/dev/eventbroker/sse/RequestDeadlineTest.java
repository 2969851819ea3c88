package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Clients that take their time to ask. */
class RequestDeadlineTest {

  private static final long NANOS = Duration.ofSeconds(20).toNanos();

  @Test
  void whoSendsItsHeaderFieldsOneByteAtATimeIsClosedWhenTheTimeIsOver() {
    try (TimedStream stream = new TimedStream(options -> options, new RequestDeadline(NANOS))) {
      stream.receive("GET /events?topic=a HTTP/1.1\r\nHost: ");
      for (int second = 0; second < 19; second++) {
        stream.pass(Duration.ofSeconds(1));
        stream.receive("x");
      }
      assertThat(stream.channel.isOpen()).isTrue();

      stream.pass(Duration.ofSeconds(1));

      assertThat(stream.channel.isOpen()).isFalse();
      assertThat(stream.sent()).isEmpty();
    }
  }

  @Test
  void whoIsSilentAfterItsAnswerIsClosedToo() {
    try (TimedStream stream = new TimedStream(options -> options, new RequestDeadline(NANOS))) {
      stream.pass(Duration.ofSeconds(15));
      stream.receive("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
      stream.pass(Duration.ofSeconds(19));
      assertThat(stream.channel.isOpen()).isTrue();

      stream.pass(Duration.ofSeconds(1));

      assertThat(stream.channel.isOpen()).isFalse();
    }
  }

  @Test
  void aBodyThatTricklesIsNoExcuse() {
    try (TimedStream stream = new TimedStream(options -> options, new RequestDeadline(NANOS))) {
      stream.receive("POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
      assertThat(stream.sent()).startsWith("HTTP/1.1 405 ");
      for (int second = 0; second < 20; second++) {
        stream.receive("x");
        stream.pass(Duration.ofSeconds(1));
      }

      assertThat(stream.channel.isOpen()).isFalse();
    }
  }

  @Test
  void rule29AStreamHasNoDeadline() {
    try (TimedStream stream = new TimedStream(options -> options, new RequestDeadline(NANOS))) {
      stream.open();

      stream.pass(Duration.ofMinutes(5));

      assertThat(stream.channel.isOpen()).isTrue();
      assertThat(stream.channel.pipeline().get(RequestDeadline.class)).isNull();
    }
  }

  @Test
  void theTimeThatTheHostTakesIsNotTheClients() {
    SlowHost host = new SlowHost();
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.freezeTime();
    channel
        .pipeline()
        .addLast(
            new HttpServerCodec(),
            new RequestDeadline(NANOS),
            new HttpObjectAggregator(1000),
            host);
    String request = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
    channel.writeInbound(Unpooled.copiedBuffer(request + request, ISO_8859_1));
    pass(channel, 60);
    assertThat(channel.isOpen()).isTrue();

    host.answer();
    pass(channel, 60);
    assertThat(channel.isOpen()).as("the second one is asked for already").isTrue();

    host.answer();
    pass(channel, 20);
    assertThat(channel.isOpen()).isFalse();
    channel.finishAndReleaseAll();
  }

  private static void pass(EmbeddedChannel channel, int seconds) {
    channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
  }

  private static final class SlowHost extends ChannelInboundHandlerAdapter {

    private ChannelHandlerContext ctx;

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
      ctx = added;
    }

    @Override
    public void channelRead(ChannelHandlerContext unused, Object message) {
      ReferenceCountUtil.release(message);
    }

    void answer() {
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
      HttpUtil.setContentLength(response, 0);
      var unused = ctx.writeAndFlush(response);
    }
  }
}
