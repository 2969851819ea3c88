package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.compression.StandardCompressionOptions;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The endpoint in somebody else's pipeline. */
class PipelineTest {

  private static final String GZIP = "Accept-Encoding: gzip\r\nHost: x\r\n\r\n";

  private final Broker broker = new BrokerBuilder().build();
  private final SseEndpoint endpoint =
      SseEndpoint.builder(broker).authorizer(SseAuthorizer.everybodyAs("ann")).build();
  private final Host host = new Host();

  @AfterEach
  void nothingIsLeft() {
    assertThat(broker.stats().connections().open()).isZero();
    assertThat(broker.stats().subscriptions().open()).isZero();
    broker.close();
  }

  static Stream<Pipeline> pipelines() {
    return Stream.of(
        new Pipeline("alone", e -> List.of(e)),
        new Pipeline("compressor", e -> List.of(compressor(), e)),
        new Pipeline("aggregator", e -> List.of(aggregator(), e)),
        new Pipeline("both", e -> List.of(compressor(), aggregator(), e)),
        new Pipeline("both, the other way", e -> List.of(aggregator(), compressor(), e)),
        new Pipeline("both behind", e -> List.of(e, compressor(), aggregator())),
        new Pipeline(
            "keep-alive", e -> List.of(new HttpServerKeepAliveHandler(), compressor(), e)));
  }

  @ParameterizedTest
  @MethodSource("pipelines")
  void rule25AStreamIsNeverCompressedNorHeldBack(Pipeline pipeline) {
    EmbeddedChannel channel = pipeline.channel(endpoint, host);

    receive(channel, "GET /events?topic=a HTTP/1.1\r\n" + GZIP);
    assertThat(sent(channel)).startsWith("HTTP/1.1 200 OK\r\n").contains(": connected\n\n");
    publish("x".repeat(2000));
    channel.runPendingTasks();

    assertThat(sent(channel)).contains("data: " + "x".repeat(2000) + "\n\n");
    channel.finishAndReleaseAll();
  }

  @ParameterizedTest
  @MethodSource("pipelines")
  void rule25TheHeadHasNoContentEncoding(Pipeline pipeline) {
    EmbeddedChannel channel = pipeline.channel(endpoint, host);

    receive(channel, "GET /events?topic=a HTTP/1.1\r\n" + GZIP);

    assertThat(sent(channel).toLowerCase(Locale.ROOT))
        .contains("transfer-encoding: chunked\r\n")
        .doesNotContain("content-encoding", "content-length", "connection:");
    channel.finishAndReleaseAll();
  }

  @ParameterizedTest
  @MethodSource("pipelines")
  void otherPathsPassOnWithTheirContentAndAreAnsweredAsEver(Pipeline pipeline) {
    EmbeddedChannel channel = pipeline.channel(endpoint, host);

    receive(channel, "POST /other?topic=a HTTP/1.1\r\nContent-Length: 5\r\n" + GZIP + "12345");
    assertThat(sent(channel)).startsWith("HTTP/1.1 200 OK\r\n");
    receive(channel, "GET /events?topic=a* HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(sent(channel)).startsWith("HTTP/1.1 400 Bad Request\r\n").contains("\"detail\"");
    receive(channel, "GET /events/more HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(sent(channel)).startsWith("HTTP/1.1 200 OK\r\n").contains("host's own");

    assertThat(host.seen).containsExactly("/other?topic=a", "12345", "/events/more", "");
    channel.finishAndReleaseAll();
  }

  @Test
  void handlersOfTheHostSeeTheResponseAndMayAddToIt() {
    ChannelHandler cors =
        new ChannelOutboundHandlerAdapter() {
          @Override
          public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (message instanceof HttpResponse response) {
              response.headers().set("Access-Control-Allow-Origin", "https://a.example");
            }
            var unused = ctx.write(message, promise);
          }
        };
    EmbeddedChannel channel =
        new Pipeline("cors", e -> List.of(compressor(), cors, e)).channel(endpoint, host);

    receive(channel, "GET /events?topic=a HTTP/1.1\r\n" + GZIP);

    assertThat(sent(channel)).contains("Access-Control-Allow-Origin: https://a.example\r\n");
    channel.finishAndReleaseAll();
  }

  @Test
  void twoEndpointsShareAPipeline() {
    SseEndpoint second =
        SseEndpoint.builder(broker)
            .path("/second")
            .authorizer(SseAuthorizer.everybodyAs("bob"))
            .build();
    EmbeddedChannel channel = new Pipeline("two", e -> List.of(e, second)).channel(endpoint, host);

    receive(channel, "GET /second?topic=a HTTP/1.1\r\n" + GZIP);

    assertThat(sent(channel)).contains(": connected\n\n");
    assertThat(broker.connections().principals()).containsExactly("bob");
    channel.finishAndReleaseAll();
  }

  @Test
  @SuppressWarnings("deprecation") // deprecated, and still there to be used
  void anExecutorOfItsOwnIsRefused() throws Exception {
    DefaultEventExecutorGroup executors = new DefaultEventExecutorGroup(1);
    EmbeddedChannel channel = new EmbeddedChannel();
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    channel
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                thrown.complete(cause);
              }
            });

    channel.pipeline().addFirst(executors, "endpoint", endpoint);
    // Added on its executor; what it throws there comes back as a task of the event loop.
    executors.next().submit(() -> {}).get();
    channel.runPendingTasks();

    assertThat(thrown).isCompleted();
    assertThat(thrown.get().getCause())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("(expected: the channel's event loop)");
    assertThat(channel.pipeline().get(SseEndpoint.class)).isNull();
    channel.finishAndReleaseAll();
    executors.shutdownGracefully().syncUninterruptibly();
  }

  @Test
  void aStreamLeavesNothingInItsPipelineThatOnlyWaitsForRequests() {
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint, host);

    receive(channel, "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");

    assertThat(channel.pipeline().get(HttpServerCodec.class)).isNull();
    assertThat(channel.pipeline().get(SseEndpoint.class)).isNull();
    assertThat(channel.pipeline().get(Unanswered.class)).isNull();
    assertThat(channel.pipeline().get(Host.class)).isSameAs(host);
    channel.finishAndReleaseAll();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/events", "/second", "/third"})
  void thatIsSoWhicheverOfSeveralEndpointsItIs(String path) {
    EmbeddedChannel channel =
        new EmbeddedChannel(
            new HttpServerCodec(), endpoint, another("/second"), another("/third"), host);

    receive(channel, "GET " + path + "?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");

    assertThat(sent(channel)).contains(": connected\n\n");
    assertThat(channel.pipeline().toMap().values())
        .extracting(handler -> (Object) handler.getClass())
        .containsExactly(SseExchange.class, Host.class);
    channel.finishAndReleaseAll();
  }

  @Test
  void aRequestBehindAStreamOfAnotherEndpointDoesNotCutItsEnd() {
    CompletableFuture<SseDecision> decision = new CompletableFuture<>();
    SseEndpoint second =
        SseEndpoint.builder(broker).path("/second").authorizer(request -> decision).build();
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint, second);
    receive(channel, "GET /second?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");
    receive(channel, "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");
    decision.complete(SseDecision.allow(Authorized.principal("bob")));
    channel.runPendingTasks();
    assertThat(sent(channel)).contains(": connected\n\n");

    var unused = second.drain();
    channel.runPendingTasks();

    assertThat(sent(channel)).contains("retry: ").endsWith("\r\n0\r\n\r\n");
    assertThat(channel.isOpen()).isFalse();
    channel.finishAndReleaseAll();
  }

  private SseEndpoint another(String path) {
    return SseEndpoint.builder(broker)
        .path(path)
        .authorizer(SseAuthorizer.everybodyAs("bob"))
        .build();
  }

  @Test
  void anEventLoopThatIsNotUsedAnyMoreIsNotKept() {
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint);
    receive(channel, "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");
    publish("one");
    channel.runPendingTasks();
    WeakReference<EventLoop> loop = new WeakReference<>(channel.eventLoop());

    channel.finishAndReleaseAll();
    channel = null;

    RunningServer.until(
        "the event loop is gone",
        () -> {
          System.gc();
          return loop.get() == null;
        });
  }

  @Test
  void theCodecStaysUntilTheRequestIsWhole() {
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint);

    receive(channel, "GET /events?topic=a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1");
    assertThat(channel.pipeline().get(HttpServerCodec.class)).isNotNull();
    receive(channel, "2");

    assertThat(channel.pipeline().get(HttpServerCodec.class)).isNull();
    channel.finishAndReleaseAll();
  }

  @Test
  void theCodecStaysWhereSomebodyElseMayWaitForWhatItDecodes() {
    EmbeddedChannel channel =
        new EmbeddedChannel(new HttpServerCodec(), new ChannelInboundHandlerAdapter(), endpoint);

    receive(channel, "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");

    assertThat(channel.pipeline().get(HttpServerCodec.class)).isNotNull();
    channel.finishAndReleaseAll();
  }

  @Test
  void withoutItsCodecAStreamEndsWithTheLastChunk() {
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint);
    receive(channel, "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");
    String opening = sent(channel);

    broker.close();
    channel.runPendingTasks();

    assertThat(opening).startsWith("HTTP/1.1 200 OK\r\n");
    assertThat(sent(channel)).endsWith("\n\n\r\n0\r\n\r\n");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void withoutItsCodecAnHttp10StreamEndsWithTheConnectionAndNothingElse() {
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint);
    receive(channel, "GET /events?topic=a HTTP/1.0\r\nHost: x\r\n\r\n");
    assertThat(channel.pipeline().get(HttpServerCodec.class)).isNull();

    broker.close();
    channel.runPendingTasks();

    assertThat(sent(channel)).endsWith("\n\n");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void whatAClientSendsWithoutACodecIsBoundedToo() {
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint);
    receive(channel, "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");

    receive(channel, "x".repeat(60_000));
    assertThat(channel.isOpen()).isTrue();
    receive(channel, "x".repeat(10_000));

    assertThat(channel.isOpen()).isFalse();
    channel.finishAndReleaseAll();
  }

  private void publish(String data) {
    var unused = broker.publish(Event.of(Topic.of("a"), "moved", data));
  }

  private static void receive(EmbeddedChannel channel, String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
    channel.runPendingTasks();
  }

  private static String sent(EmbeddedChannel channel) {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    return text.toString();
  }

  private static HttpContentCompressor compressor() {
    return new HttpContentCompressor(0, StandardCompressionOptions.gzip());
  }

  private static HttpObjectAggregator aggregator() {
    return new HttpObjectAggregator(100_000);
  }

  private record Pipeline(String name, Function<SseEndpoint, List<ChannelHandler>> handlers) {

    EmbeddedChannel channel(SseEndpoint endpoint, Host host) {
      EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec());
      handlers.apply(endpoint).forEach(channel.pipeline()::addLast);
      channel.pipeline().addLast(host);
      return channel;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** What the host does with the requests that reach it. */
  private static final class Host extends ChannelInboundHandlerAdapter {

    final List<String> seen = new ArrayList<>();
    private final StringBuilder body = new StringBuilder();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof HttpRequest request) {
        seen.add(request.uri());
      }
      if (message instanceof HttpContent content) {
        body.append(content.content().toString(UTF_8));
      }
      if (message instanceof LastHttpContent) {
        seen.add(body.toString());
        body.setLength(0);
        DefaultFullHttpResponse response =
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.OK,
                Unpooled.copiedBuffer("host's own", UTF_8));
        HttpUtil.setContentLength(response, response.content().readableBytes());
        var unused = ctx.writeAndFlush(response);
      }
      ReferenceCountUtil.release(message);
    }
  }
}
