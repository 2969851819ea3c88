package dev.eventbroker.sse;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP server around an {@link SseEndpoint}, for who has none to put it into: HTTP/1.1 and
 * HTTP/1.0, on demand HTTP/2, with or without TLS. What neither the endpoint nor a handler behind
 * it answers is a 404.
 *
 * <p>It runs on io_uring or epoll where their Netty artifacts are on the class path and the kernel
 * lets them, and on NIO otherwise; what it is is logged when it starts.
 *
 * <p>The methods may be called on any thread but the server's own event loops.
 */
public final class SseServer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SseServer.class);

  /** Connections that wait to be accepted: a crowd that reconnects at once. */
  private static final int BACKLOG = 1024;

  /** How long closing a socket and stopping an event loop may take, which nobody is asked about. */
  private static final long STOP_MILLIS = 2000;

  private final Builder config;
  private final ServerPipeline pipeline;

  // Guarded by this.
  private @Nullable EventLoopGroup loops;
  private @Nullable Channel listening;
  private boolean closed;

  private SseServer(Builder config) {
    this.config = config;
    this.pipeline =
        new ServerPipeline(
            config.endpoint,
            config.more,
            config.tls,
            config.http2,
            config.requestTimeout,
            config.drainTimeout,
            config.maxConnections);
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
    Transport transport = config.transport.orElseGet(Transport::best);
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            config.threads, new DefaultThreadFactory("eventbroker-sse"), transport.handlers());
    loops = group;
    ChannelFuture bound = bootstrap(group, transport).bind(config.address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      close();
      throw new UncheckedIOException(
          new IOException("address: " + config.address + " (expected: free)", bound.cause()));
    }
    listening = bound.channel();
    log.info("listening on {} with {}", listening.localAddress(), transport.name());
    return this;
  }

  private ServerBootstrap bootstrap(EventLoopGroup group, Transport transport) {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(transport.listening())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            // Its buffers keep the view that NIO writes from; the default's make a new one each.
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    pipeline.accept(connection);
                  }
                });
    // Bytes that the kernel has taken from us wait as well when a peer is gone without a word.
    transport
        .userTimeout()
        .ifPresent(
            option -> bootstrap.childOption(option, (int) config.endpoint.stallTimeoutMillis()));
    return bootstrap;
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
   * Stops listening, ends every stream between two events with a reconnection time of its own,
   * closes what is left after the drain timeout, and stops its threads. Bounded whatever the
   * clients do: the drain timeout and three times 2 s at most. Idempotent.
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
    drain();
    // What does not read, and what was accepted meanwhile; from here on the group closes newcomers.
    var unused = pipeline.multiplexed().close();
    pipeline.accepted().close().awaitUninterruptibly(STOP_MILLIS);
    if (loops != null
        && !loops
            .shutdownGracefully(0, STOP_MILLIS, TimeUnit.MILLISECONDS)
            .awaitUninterruptibly(STOP_MILLIS)) {
      log.warn("an event loop has not stopped within {} ms: a handler blocks it", STOP_MILLIS);
    }
  }

  private void drain() {
    for (Channel stream : pipeline.multiplexed()) {
      stream.pipeline().fireUserEventTriggered(Drain.EVENT);
    }
    for (Channel connection : pipeline.accepted()) {
      if (ServerPipeline.servesRequests(connection)) {
        connection.pipeline().fireUserEventTriggered(Drain.EVENT);
      } else {
        // No HTTP/1.1: it says that no further stream is welcome, and ends with the last one.
        var unused = connection.close();
      }
    }
    pipeline
        .accepted()
        .newCloseFuture()
        .awaitUninterruptibly(config.drainTimeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Collects the parts of a server. Not safe for use by several threads. */
  public static final class Builder {

    /** This machine alone: to be seen by others is decided, not defaulted to. */
    public static final InetSocketAddress DEFAULT_ADDRESS =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080);

    /**
     * A browser needs a fraction of a second; a bad line some seconds; a slow attacker for ever.
     */
    public static final Duration DEFAULT_REQUEST_TIMEOUT = Duration.ofSeconds(20);

    /** Ten thousand streams end within a second; what takes longer does not read. */
    public static final Duration DEFAULT_DRAIN_TIMEOUT = Duration.ofSeconds(5);

    /** Somewhat more than streams, so that who finds no room for one can be told. */
    public static final int DEFAULT_MAX_CONNECTIONS = SseLimits.DEFAULT_STREAMS + 10_000;

    private final SseEndpoint endpoint;
    private InetSocketAddress address = DEFAULT_ADDRESS;
    private Consumer<ChannelPipeline> more = pipeline -> {};
    private Optional<SslContext> tls = Optional.empty();
    private boolean http2;
    private Duration requestTimeout = DEFAULT_REQUEST_TIMEOUT;
    private Duration drainTimeout = DEFAULT_DRAIN_TIMEOUT;
    private int maxConnections = DEFAULT_MAX_CONNECTIONS;
    private Optional<Transport> transport = Optional.empty();
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
     * Adds handlers behind the endpoint, for other paths. Called once for every HTTP/1.1 connection
     * and every stream of an HTTP/2 one, on its event loop. They are removed from what becomes a
     * stream of events, since no request comes any more. Default: none.
     */
    public Builder pipeline(Consumer<ChannelPipeline> handlers) {
      more = requireNonNull(handlers, "handlers");
      return this;
    }

    /** Speaks TLS with that context, which stays the caller's. Default: none. */
    public Builder tls(SslContext context) {
      tls = Optional.of(context);
      return this;
    }

    /**
     * Speaks HTTP/2 as well: over TLS where both ends agree on it (ALPN, which the context has to
     * offer), without TLS with who starts with it (prior knowledge). Needs {@code
     * io.netty:netty-codec-http2}. Browsers have six HTTP/1.1 connections per host and a hundred
     * streams on an HTTP/2 one. Default: HTTP/1.1 alone.
     */
    public Builder http2() {
      http2 = true;
      return this;
    }

    /**
     * How long a client may take to send one request, from the moment when the server has nothing
     * else to do for it: so also how long a connection may be idle, and a handshake may last.
     * Default: 20 s.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder requestTimeout(Duration timeout) {
      requestTimeout = requirePositive("requestTimeout", timeout);
      return this;
    }

    /**
     * How long clients may take, when the server closes, to read what is left for them. Default: 5
     * s.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder drainTimeout(Duration timeout) {
      drainTimeout = requirePositive("drainTimeout", timeout);
      return this;
    }

    /**
     * How many connections there are at most; a further one is closed at once. Default: 110 000.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder maxConnections(int connections) {
      if (connections < 1) {
        throw new IllegalArgumentException("maxConnections: " + connections + " (expected: > 0)");
      }
      maxConnections = connections;
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

    /**
     * Runs on that transport. Default: the best that the class path and the kernel offer.
     *
     * @throws IllegalStateException if it is not available
     */
    public Builder transport(SseTransport newTransport) {
      return transport(
          newTransport
              .found()
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          "transport: " + newTransport + " (expected: available)")));
    }

    Builder transport(Transport newTransport) {
      transport = Optional.of(newTransport);
      return this;
    }

    /**
     * The server; {@link SseServer#start} makes it listen.
     *
     * @throws IllegalStateException if HTTP/2 is asked for and its classes are missing, or if the
     *     server and its TLS context do not agree on whether it is offered
     */
    public SseServer build() {
      boolean offered =
          tls.isPresent()
              && tls.get()
                  .applicationProtocolNegotiator()
                  .protocols()
                  .contains(ApplicationProtocolNames.HTTP_2);
      if (tls.isPresent() && offered != http2) {
        throw new IllegalStateException(
            "tls: ALPN with" + (offered ? "" : "out") + " h2 (expected: as http2() says)");
      }
      if (http2 && !isHttp2OnClassPath()) {
        throw new IllegalStateException("http2: no classes (expected: io.netty:netty-codec-http2)");
      }
      return new SseServer(this);
    }

    private static boolean isHttp2OnClassPath() {
      try {
        Class.forName(
            "io.netty.handler.codec.http2.Http2FrameCodec",
            false,
            SseServer.class.getClassLoader());
        return true;
      } catch (ClassNotFoundException e) {
        return false;
      }
    }

    private static Duration requirePositive(String what, Duration value) {
      if (value.isNegative() || value.isZero()) {
        throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
      }
      return value;
    }
  }
}
