package dev.eventbroker.benchmarks.sse;

import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sse.SseAuthorizer;
import dev.eventbroker.sse.SseEndpoint;
import dev.eventbroker.sse.SseServer;
import dev.eventbroker.sse.SseTransport;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/**
 * This project's server for load tests, with everything on that is on by default: {@code GET
 * /events?topic=load} subscribes, through broker, subscription, policy, ids and heartbeats. {@code
 * POST /publish} publishes each line of its body as the data of one event, back to back on the
 * event loop it arrives on, and answers 204 then.
 *
 * <p>The log keeps its default of 65 536 events: whoever comes back a hundred events behind is
 * served from it while a thousand events a second go on for a minute, far longer than a crowd of
 * ten thousand takes to be let in; and a larger one would be memory that no user of the default
 * has.
 *
 * <p>Arguments: {@code [--port N] [--threads N] [--transport nio|epoll|io_uring] [--owned]}. Runs
 * until it is ended, or with {@code --owned} until its standard input is.
 */
public final class LoadServer {

  private static final Topic TOPIC = Topic.of("load");
  private static final int MAX_BODY = 1 << 20;

  private LoadServer() {}

  /** See the class comment. */
  public static void main(String[] args) {
    ServerOptions options = ServerOptions.parse(args);
    // All clients are one principal here.
    Broker broker = new BrokerBuilder().connectionsPerPrincipal(Integer.MAX_VALUE).build();
    SseEndpoint endpoint =
        SseEndpoint.builder(broker).authorizer(SseAuthorizer.everybodyAs("load")).build();
    PublishHandler publish = new PublishHandler(broker);
    SseServer server =
        SseServer.builder(endpoint)
            .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), options.port()))
            .threads(options.threads())
            .transport(transport(options.transport()))
            .pipeline(pipeline -> pipeline.addLast(new HttpObjectAggregator(MAX_BODY), publish))
            .build()
            .start();
    options.announce(server.localAddress());
  }

  private static SseTransport transport(NettyTransport transport) {
    return switch (transport) {
      case NIO -> SseTransport.NIO;
      case EPOLL -> SseTransport.EPOLL;
      case IO_URING -> SseTransport.IO_URING;
    };
  }

  /** Publishes the lines of the body, and answers 204. */
  @ChannelHandler.Sharable
  private static final class PublishHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

    private final Broker broker;

    PublishHandler(Broker broker) {
      this.broker = broker;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // a client that is gone needs no answer
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      request
          .content()
          .toString(StandardCharsets.UTF_8)
          .lines()
          .forEach(line -> broker.publish(Event.of(TOPIC, "message", line)));
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.NO_CONTENT, Unpooled.EMPTY_BUFFER);
      HttpUtil.setKeepAlive(response, HttpUtil.isKeepAlive(request));
      context.writeAndFlush(response);
    }
  }
}
