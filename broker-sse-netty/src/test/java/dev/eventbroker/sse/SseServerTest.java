package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.CloseReason;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class SseServerTest {

  @Test
  void whatNobodyAnswersIsA404AndTheConnectionGoesOn() {
    try (RunningServer running = RunningServer.start();
        RawClient client = running.connect()) {
      client.send("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 404 Not Found\r\n")
          .endsWith("{\"error\":\"not_found\",\"detail\":\"path: nothing there\"}");

      client.request("HEAD", "/nothing");
      assertThat(client.readHead()).startsWith("HTTP/1.1 404 ");
      client.open("/events?topic=a");
    }
  }

  @Test
  void handlersBehindTheEndpointAnswerOtherPaths() {
    try (RunningServer running =
            RunningServer.start(
                UnaryOperator.identity(),
                UnaryOperator.identity(),
                pipeline -> pipeline.addLast(new HttpObjectAggregator(1000), new Echo()));
        RawClient client = running.connect()) {
      client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");

      assertThat(client.readAnswer()).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\nabc");
      client.open("/events?topic=a");
    }
  }

  @Test
  void handlersBehindTheEndpointLeaveAConnectionThatBecomesAStream() {
    BlockingQueue<String> gone = new LinkedBlockingQueue<>();
    try (RunningServer running =
            RunningServer.start(
                UnaryOperator.identity(),
                UnaryOperator.identity(),
                pipeline -> pipeline.addLast(new HttpObjectAggregator(1000), new Leaving(gone)));
        RawClient other = running.connect();
        RawClient client = running.connect()) {
      other.get("/nothing");
      other.readAnswer();

      client.open("/events?topic=a");

      assertThat(RunningServer.next(gone)).isEqualTo("from an open channel");
      assertThat(gone).as("the other connection keeps its own").isEmpty();
    }
  }

  @Test
  void closingEndsEveryStreamBetweenTwoEvents() {
    try (RunningServer running = RunningServer.start();
        RawClient one = running.connect();
        RawClient two = running.connect();
        RawClient idle = running.connect()) {
      one.open("/events?topic=a");
      two.open("/events?topic=a");
      idle.get("/nothing");
      idle.readAnswer();

      running.server.close();

      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.SHUTDOWN);
      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.SHUTDOWN);
      assertThat(one.readToEnd()).endsWith("\n\n\r\n0\r\n\r\n");
      assertThat(two.readToEnd()).endsWith("\n\n\r\n0\r\n\r\n");
      assertThat(idle.isEnded()).isTrue();
      running.assertNothingIsLeft();
    }
  }

  @Test
  void closingDoesNotWaitForAClientThatDoesNotReadNorForADecisionThatIsNotMade() {
    BlockingQueue<SseRequest> asked = new LinkedBlockingQueue<>();
    SseAuthorizer authorizer =
        request -> {
          asked.add(request);
          return request.parameter("never").isPresent()
              ? new CompletableFuture<>()
              : SseAuthorizer.everybodyAs("ann").authorize(request);
        };
    try (RunningServer running =
            RunningServer.start(
                UnaryOperator.identity(),
                options -> options.authorizer(authorizer),
                pipeline -> pipeline.channel().config().setOption(ChannelOption.SO_SNDBUF, 8192));
        RawClient stuck = RawClient.connect(running.server.localAddress(), 4096);
        RawClient undecided = running.connect()) {
      stuck.open("/events?topic=a");
      undecided.get("/events?topic=a&never");
      RunningServer.next(asked);
      RunningServer.next(asked);
      while (running.broker.stats().subscriptions().lagging() == 0) {
        running.publish("a", "x".repeat(200_000));
      }

      running.server.close();

      assertThat(undecided.isEnded()).isTrue();
      running.awaitClosed();
      running.assertNothingIsLeft();
    }
  }

  @Test
  void closingTwiceIsClosingOnceAndNothingStartsAfterwards() {
    try (RunningServer running = RunningServer.start()) {
      assertThatThrownBy(running.server::start).isInstanceOf(IllegalStateException.class);
      running.server.close();
      running.server.close();

      assertThatThrownBy(running.server::localAddress).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(running.server::start).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void anAddressThatIsTakenIsToldAndLeavesNothingBehind() {
    try (RunningServer running = RunningServer.start()) {
      InetSocketAddress taken = running.server.localAddress();
      SseEndpoint endpoint =
          SseEndpoint.builder(running.broker).authorizer(SseAuthorizer.everybodyAs("a")).build();
      SseServer second = SseServer.builder(endpoint).address(taken).threads(1).build();

      assertThatThrownBy(second::start)
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("(expected: free)");
    }
  }

  private static final class Echo extends SimpleChannelInboundHandler<FullHttpRequest> {

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.OK,
              Unpooled.copiedBuffer(request.content().toString(UTF_8), UTF_8));
      HttpUtil.setContentLength(response, response.content().readableBytes());
      var unused = ctx.writeAndFlush(response);
    }
  }

  /** Tells when it is removed. */
  private static final class Leaving extends ChannelInboundHandlerAdapter {

    private final BlockingQueue<String> gone;

    Leaving(BlockingQueue<String> gone) {
      this.gone = gone;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      gone.add(ctx.channel().isActive() ? "from an open channel" : "from a closed channel");
    }
  }
}
