package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.ByteBuf;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of one connection are answered in the order asked, whoever answers them and when. */
class TurnTest {

  private final Broker broker = new BrokerBuilder().build();
  private final SseEndpoint endpoint =
      SseEndpoint.builder(broker).authorizer(SseAuthorizer.everybodyAs("ann")).build();
  private final SlowHost host = new SlowHost();
  private final EmbeddedChannel channel =
      new EmbeddedChannel(new HttpServerCodec(), endpoint, new HttpObjectAggregator(100_000), host);

  @AfterEach
  void nothingIsLeft() {
    channel.finishAndReleaseAll();
    assertThat(broker.stats().connections().open()).isZero();
    assertThat(broker.stats().subscriptions().open()).isZero();
    broker.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void aStreamBehindARequestWithoutAnAnswerYetWaitsForIt(String method) {
    receive(method + " /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    receive("GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(sent()).isEmpty();
    assertThat(broker.stats().connections().open()).isZero();

    host.answer();
    channel.runPendingTasks();

    assertThat(sent())
        .startsWith("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n")
        .contains("text/event-stream")
        .contains(": connected\n\n");
  }

  @Test
  void aRefusalWaitsForItsTurnToo() {
    receive("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    receive("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
    receive("GET /events?topic=a* HTTP/1.1\r\nHost: x\r\n\r\n");

    host.answer();
    channel.runPendingTasks();
    assertThat(sent()).startsWith("HTTP/1.1 200 OK\r\n").doesNotContain("HTTP/1.1 400");
    host.answer();
    channel.runPendingTasks();

    assertThat(sent()).startsWith("HTTP/1.1 200 OK\r\n").contains("slowHTTP/1.1 400 ");
  }

  @Test
  void whatIsOnlyAnInterimAnswerIsNoAnswer() {
    receive("POST /slow HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assertThat(sent()).startsWith("HTTP/1.1 100 Continue\r\n");
    receive("abGET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(sent()).isEmpty();

    host.answer();
    channel.runPendingTasks();

    assertThat(sent()).startsWith("HTTP/1.1 200 OK\r\n").contains("slowHTTP/1.1 200 OK\r\n");
  }

  @Test
  void whoLeavesWhileItsStreamWaitsLeavesNothingBehind() {
    receive("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    receive("GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");

    var unused = channel.close();
    host.answer();
    channel.runPendingTasks();

    assertThat(broker.stats().connections().open()).isZero();
  }

  @Test
  void anEndpointThatIsTakenOutLeavesNothingInThePipeline() {
    int before = new EmbeddedChannel(new HttpServerCodec()).pipeline().names().size();
    EmbeddedChannel other = new EmbeddedChannel(new HttpServerCodec(), endpoint);

    other.pipeline().remove(endpoint);

    assertThat(other.pipeline().names()).hasSize(before);
    other.finishAndReleaseAll();
  }

  private void receive(String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
    channel.runPendingTasks();
  }

  private String sent() {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    return text.toString();
  }

  /** Answers when it is told to, as a handler does that asks a database first. */
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
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.copiedBuffer("slow", UTF_8));
      HttpUtil.setContentLength(response, 4);
      var unused = ctx.writeAndFlush(response);
    }
  }
}
