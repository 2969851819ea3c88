package dev.eventbroker.sse;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the server's connections are taken apart into requests.
 *
 * <pre>
 *   accepted ──► TLS, if there is some ──┬──► HTTP/1.1 codec ───────────────► deadline, endpoint, …
 *                                        └──► HTTP/2 codec ──► each stream ──► deadline, endpoint, …
 * </pre>
 */
final class ServerPipeline {

  private static final Logger log = LoggerFactory.getLogger(ServerPipeline.class);

  /** Room for some dozens of filters in one URL. */
  private static final int MAX_REQUEST_LINE = 16 * 1024;

  /** What cookies and tokens of grown applications need. */
  private static final int MAX_HEADERS = 16 * 1024;

  /** Contents come in pieces of this size at most. */
  private static final int MAX_CHUNK = 8 * 1024;

  private final SseEndpoint endpoint;
  private final Consumer<ChannelPipeline> more;
  private final Optional<SslContext> tls;
  private final boolean http2;
  private final Duration requestTimeout;
  private final Duration drainTimeout;
  private final int maxConnections;

  /** What was accepted and is open; the group leaves out by itself what is closed. */
  private final ChannelGroup accepted = newGroup();

  /** The streams of HTTP/2 connections, which carry requests as HTTP/1.1 connections do. */
  private final ChannelGroup multiplexed = newGroup();

  ServerPipeline(
      SseEndpoint endpoint,
      Consumer<ChannelPipeline> more,
      Optional<SslContext> tls,
      boolean http2,
      Duration requestTimeout,
      Duration drainTimeout,
      int maxConnections) {
    this.endpoint = endpoint;
    this.more = more;
    this.tls = tls;
    this.http2 = http2;
    this.requestTimeout = requestTimeout;
    this.drainTimeout = drainTimeout;
    this.maxConnections = maxConnections;
  }

  /** Newcomers are closed at once when the group is. */
  private static ChannelGroup newGroup() {
    return new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
  }

  ChannelGroup accepted() {
    return accepted;
  }

  ChannelGroup multiplexed() {
    return multiplexed;
  }

  /** Whether requests or a stream are on that channel itself: a stream has no endpoint any more. */
  static boolean servesRequests(Channel channel) {
    return channel.pipeline().get(SseEndpoint.class) != null
        || channel.pipeline().get(SseExchange.class) != null;
  }

  /** Prepares a connection that was just accepted. */
  void accept(Channel connection) {
    if (accepted.size() >= maxConnections) {
      // Before anything is read: who is one too many costs no more than this.
      var unused = connection.close();
      return;
    }
    accepted.add(connection);
    ChannelPipeline pipeline = connection.pipeline();
    if (tls.isPresent()) {
      SslHandler handler = tls.get().newHandler(connection.alloc());
      handler.setHandshakeTimeout(requestTimeout.toNanos(), TimeUnit.NANOSECONDS);
      pipeline.addLast(handler, new Negotiated());
    } else if (http2) {
      pipeline.addLast(new PriorKnowledge(requestTimeout.toNanos(), this::begin));
    } else {
      begin(pipeline, false);
    }
  }

  /** Goes on once it is known what the connection speaks. */
  private void begin(ChannelPipeline pipeline, boolean speaksHttp2) {
    if (speaksHttp2) {
      Http2Connection.begin(
          pipeline,
          this::beginStream,
          MAX_HEADERS,
          requestTimeout.toNanos(),
          drainTimeout.toMillis());
      return;
    }
    pipeline.addLast(
        new HttpServerCodec(
            new HttpDecoderConfig()
                .setMaxInitialLineLength(MAX_REQUEST_LINE)
                .setMaxHeaderSize(MAX_HEADERS)
                .setMaxChunkSize(MAX_CHUNK)));
    beginRequests(pipeline);
  }

  private void beginStream(ChannelPipeline pipeline) {
    multiplexed.add(pipeline.channel());
    beginRequests(pipeline);
  }

  private void beginRequests(ChannelPipeline pipeline) {
    pipeline.addLast(new RequestDeadline(requestTimeout.toNanos()), endpoint);
    more.accept(pipeline);
    pipeline.addLast(new NotFound());
  }

  /** Waits for the handshake, and takes what was agreed on. */
  private final class Negotiated extends ApplicationProtocolNegotiationHandler {

    Negotiated() {
      super(ApplicationProtocolNames.HTTP_1_1);
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
      begin(ctx.pipeline(), http2 && protocol.equals(ApplicationProtocolNames.HTTP_2));
    }

    /** Everybody can send something that is no handshake: nothing to wake anybody for. */
    @Override
    protected void handshakeFailure(ChannelHandlerContext ctx, Throwable cause) {
      log.debug("a handshake failed", cause);
      var unused = ctx.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      log.debug("a connection broke before it said what it speaks", cause);
      var unused = ctx.close();
    }
  }
}
