package dev.eventbroker.benchmarks.sse;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The floor: what a server on Netty costs that does nothing but write. No topics, no ids, no
 * replay, no heartbeats, no limits.
 *
 * <p>Once a subscription is answered, its HTTP codec leaves the pipeline. An event is encoded once,
 * chunk and all, into a direct buffer, and each event loop writes a duplicate of it to each of its
 * channels, flushing every write: one write per event and connection. The lines of a {@code POST}
 * are written one event after another in this way; nothing is batched, as nobody batches who writes
 * events as they come. What a client does not read is kept without a bound.
 *
 * <p>Arguments: {@code [--port N] [--threads N] [--transport nio|epoll|io_uring] [--owned]}. Runs
 * until it is ended, or with {@code --owned} until its standard input is.
 */
public final class NettyServer {

  private static final int MAX_BODY = 1 << 20;

  /** A crowd that comes at once. */
  private static final int BACKLOG = 4096;

  private static final ByteBuf HEAD =
      constant(
          """
          HTTP/1.1 200 OK
          Content-Type: text/event-stream
          Cache-Control: no-cache
          Transfer-Encoding: chunked

          """
              .replace("\n", "\r\n"));

  /** What each event loop writes to. */
  private final Map<EventLoop, Subscribers> subscribers = new ConcurrentHashMap<>();

  private NettyServer() {}

  /** See the class comment. */
  public static void main(String[] args) {
    ServerOptions options = ServerOptions.parse(args);
    NettyServer server = new NettyServer();
    Channel listening =
        new ServerBootstrap()
            .group(
                new MultiThreadIoEventLoopGroup(options.threads(), options.transport().handlers()))
            .channel(options.transport().listening())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(),
                            new HttpObjectAggregator(MAX_BODY),
                            server.new Connection());
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), options.port()))
            .syncUninterruptibly()
            .channel();
    options.announce((InetSocketAddress) listening.localAddress());
  }

  private static ByteBuf constant(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return Unpooled.unreleasableBuffer(
        Unpooled.directBuffer(bytes.length).writeBytes(bytes).asReadOnly());
  }

  /** One HTTP request, or one subscription. */
  private final class Connection extends SimpleChannelInboundHandler<FullHttpRequest> {

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      if (request.method().equals(HttpMethod.GET)) {
        subscribe(context);
        return;
      }
      List<String> lines = request.content().toString(StandardCharsets.UTF_8).lines().toList();
      for (String line : lines) {
        publish(context, line);
      }
      var unused =
          context.writeAndFlush(
              new DefaultFullHttpResponse(
                  HttpVersion.HTTP_1_1, HttpResponseStatus.NO_CONTENT, Unpooled.EMPTY_BUFFER),
              context.voidPromise());
    }

    private void subscribe(ChannelHandlerContext context) {
      context.pipeline().remove(HttpServerCodec.class);
      context.pipeline().remove(HttpObjectAggregator.class);
      var unused = context.writeAndFlush(HEAD.duplicate(), context.voidPromise());
      subscribers
          .computeIfAbsent(context.channel().eventLoop(), loop -> new Subscribers())
          .add(context);
    }

    private void publish(ChannelHandlerContext context, String data) {
      ByteBuf frame = frame(context, data);
      subscribers.forEach(
          (loop, there) -> {
            frame.retain();
            if (loop.inEventLoop()) {
              there.write(frame);
            } else {
              loop.execute(() -> there.write(frame));
            }
          });
      frame.release();
    }

    private static ByteBuf frame(ChannelHandlerContext context, String data) {
      byte[] event = ("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8);
      byte[] size =
          (Integer.toHexString(event.length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      return context
          .alloc()
          .directBuffer(size.length + event.length + 2)
          .writeBytes(size)
          .writeBytes(event)
          .writeByte('\r')
          .writeByte('\n');
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      var unused = context.close();
    }
  }
}
