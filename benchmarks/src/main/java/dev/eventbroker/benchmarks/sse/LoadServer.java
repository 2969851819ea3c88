package dev.eventbroker.benchmarks.sse;

import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sse.SseAuthorizer;
import dev.eventbroker.sse.SseEndpoint;
import dev.eventbroker.sse.SseServer;
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
 * A server for load tests, with everything on: {@code GET /events?topic=load} subscribes, {@code
 * POST /publish} makes its body the data of one event. Arguments: {@code [--port N] [--threads N]}.
 * Runs until it is ended.
 */
public final class LoadServer {

  private static final Topic TOPIC = Topic.of("load");
  private static final int MAX_BODY = 1 << 20;

  private LoadServer() {}

  /** See the class comment. */
  public static void main(String[] args) {
    int port = option(args, "--port", 8080);
    int threads = option(args, "--threads", Runtime.getRuntime().availableProcessors());
    // All clients are one principal here.
    Broker broker = new BrokerBuilder().connectionsPerPrincipal(Integer.MAX_VALUE).build();
    SseEndpoint endpoint =
        SseEndpoint.builder(broker).authorizer(SseAuthorizer.everybodyAs("load")).build();
    PublishHandler publish = new PublishHandler(broker);
    SseServer server =
        SseServer.builder(endpoint)
            .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .threads(threads)
            .pipeline(pipeline -> pipeline.addLast(new HttpObjectAggregator(MAX_BODY), publish))
            .build()
            .start();
    System.out.println("listening on " + server.localAddress());
  }

  private static int option(String[] args, String name, int otherwise) {
    for (int i = 0; i < args.length - 1; i++) {
      if (args[i].equals(name)) {
        return Integer.parseInt(args[i + 1]);
      }
    }
    return otherwise;
  }

  /** Publishes the body, and answers 204. */
  @ChannelHandler.Sharable
  private static final class PublishHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

    private final Broker broker;

    PublishHandler(Broker broker) {
      this.broker = broker;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // a client that is gone needs no answer
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      broker.publish(
          Event.of(TOPIC, "message", request.content().toString(StandardCharsets.UTF_8)));
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.NO_CONTENT, Unpooled.EMPTY_BUFFER);
      HttpUtil.setKeepAlive(response, HttpUtil.isKeepAlive(request));
      context.writeAndFlush(response);
    }
  }
}
