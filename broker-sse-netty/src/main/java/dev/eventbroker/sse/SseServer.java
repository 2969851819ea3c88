package dev.eventbroker.sse;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP/1.1 server around an {@link SseEndpoint}, for who has none to put it into. What
 * neither the endpoint nor a handler behind it answers is a 404.
 *
 * <p>The methods may be called on any thread but the server's own event loops.
 */
public final class SseServer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SseServer.class);

  /** Room for some dozens of filters in one URL. */
  private static final int MAX_REQUEST_LINE = 16 * 1024;

  /** What cookies and tokens of grown applications need. */
  private static final int MAX_HEADERS = 16 * 1024;

  /** Contents come in pieces of this size at most. */
  private static final int MAX_CHUNK = 8 * 1024;

  /** Connections that wait to be accepted: a crowd that reconnects at once. */
  private static final int BACKLOG = 1024;

  /** How long clients may take to read what is left for them. */
  private static final long DRAIN_MILLIS = 2000;

  /** How long event loops may take to stop once their channels are closed. */
  private static final long STOP_MILLIS = 2000;

  private final Builder config;

  // Guarded by this.
  private @Nullable EventLoopGroup loops;
  private @Nullable Channel listening;
  private boolean closed;

  /** The open connections; the group leaves out by itself what is closed. */
  private final ChannelGroup connections =
      new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

  private SseServer(Builder config) {
    this.config = config;
  }

  /** Starts a server for that endpoint. */
  public static Builder builder(SseEndpoint endpoint) {
    return new Builder(requireNonNull(endpoint, "endpoint"));
  }

  /**
   * Listens from now on.
   *
   * @return this server
   * @throws IllegalStateException if it was started or closed before
   * @throws UncheckedIOException if the address can't be listened at; nothing is left behind then
   */
  public synchronized SseServer start() {
    if (closed || loops != null) {
      throw new IllegalStateException("server: started or closed before (expected: new)");
    }
    EventLoopGroup group = newLoops(config.threads);
    loops = group;
    ChannelFuture bound = bootstrap(group).bind(config.address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      close();
      throw new UncheckedIOException(
          new IOException("address: " + config.address + " (expected: free)", bound.cause()));
    }
    listening = bound.channel();
    return this;
  }

  /** The one place that knows the transport. */
  private static EventLoopGroup newLoops(int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory("eventbroker-sse"), NioIoHandler.newFactory());
  }

  private ServerBootstrap bootstrap(EventLoopGroup group) {
    return new ServerBootstrap()
        .group(group)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                prepare(channel);
              }
            });
  }

  private void prepare(Channel channel) {
    connections.add(channel);
    ChannelPipeline pipeline = channel.pipeline();
    pipeline.addLast(
        new HttpServerCodec(
            new HttpDecoderConfig()
                .setMaxInitialLineLength(MAX_REQUEST_LINE)
                .setMaxHeaderSize(MAX_HEADERS)
                .setMaxChunkSize(MAX_CHUNK)));
    pipeline.addLast(config.endpoint);
    config.more.accept(pipeline);
    pipeline.addLast(new NotFound());
  }

  /**
   * Where it listens: the real port if 0 was asked for.
   *
   * @throws IllegalStateException if it does not listen
   */
  public synchronized InetSocketAddress localAddress() {
    Channel channel = listening;
    if (channel == null || closed) {
      throw new IllegalStateException("server: not started, or closed (expected: listening)");
    }
    return (InetSocketAddress) channel.localAddress();
  }

  /**
   * Stops listening, ends every stream between two events, closes what is left after 2 s, and stops
   * its threads. Bounded whatever the clients do: each step has 2 s at most. Idempotent.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (listening != null) {
      listening.close().awaitUninterruptibly(STOP_MILLIS);
    }
    for (Channel channel : connections) {
      channel.pipeline().fireUserEventTriggered(Drain.EVENT);
    }
    connections.newCloseFuture().awaitUninterruptibly(DRAIN_MILLIS);
    // What does not read, and what was accepted meanwhile; from here on the group closes newcomers.
    connections.close().awaitUninterruptibly(STOP_MILLIS);
    if (loops != null
        && !loops
            .shutdownGracefully(0, STOP_MILLIS, TimeUnit.MILLISECONDS)
            .awaitUninterruptibly(STOP_MILLIS)) {
      log.warn("an event loop has not stopped within {} ms: a handler blocks it", STOP_MILLIS);
    }
  }

  /** Collects the parts of a server. Not safe for use by several threads. */
  public static final class Builder {

    /** This machine alone: to be seen by others is decided, not defaulted to. */
    public static final InetSocketAddress DEFAULT_ADDRESS =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080);

    private final SseEndpoint endpoint;
    private InetSocketAddress address = DEFAULT_ADDRESS;
    private Consumer<ChannelPipeline> more = pipeline -> {};
    // One per processor, because nothing on an event loop waits.
    private int threads = Runtime.getRuntime().availableProcessors();

    private Builder(SseEndpoint endpoint) {
      this.endpoint = endpoint;
    }

    /** Where to listen; port 0 for a free one. Default: port 8080 of the loopback address. */
    public Builder address(InetSocketAddress newAddress) {
      address = requireNonNull(newAddress, "newAddress");
      return this;
    }

    /**
     * Adds handlers behind the endpoint, for other paths. Called once for every connection, on its
     * event loop. Default: none.
     */
    public Builder pipeline(Consumer<ChannelPipeline> handlers) {
      more = requireNonNull(handlers, "handlers");
      return this;
    }

    /**
     * How many event loops there are, and so how many lanes.
     *
     * @throws IllegalArgumentException if it is not 1 to 1000
     */
    public Builder threads(int count) {
      if (count < 1 || count > 1000) {
        throw new IllegalArgumentException("threads: " + count + " (expected: 1 to 1000)");
      }
      threads = count;
      return this;
    }

    /** The server; {@link SseServer#start} makes it listen. */
    public SseServer build() {
      return new SseServer(this);
    }
  }
}
