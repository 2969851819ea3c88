package dev.eventbroker.sse;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/2 connection of a server: every stream gets a pipeline of its own in which requests look
 * like those of HTTP/1.1. A connection without a stream for too long is closed. The one class that
 * needs netty-codec-http2; loaded when the server was told to speak it.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a close that fails finds a closed channel
final class Http2Connection extends ChannelInboundHandlerAdapter {

  private static final Logger log = LoggerFactory.getLogger(Http2Connection.class);

  /** What RFC 9113 recommends as the least, and more pages than anybody has open on one host. */
  private static final long MAX_STREAMS = 100;

  private final long idleNanos;

  private int streams;
  private @Nullable Future<?> idle;

  private Http2Connection(long idleNanos) {
    this.idleNanos = idleNanos;
  }

  /**
   * Makes a connection one of HTTP/2.
   *
   * @param requests adds what serves the requests of one stream
   * @param maxHeaderBytes how long the header fields of one request may be
   * @param idleNanos how long there may be no stream
   * @param closeMillis how long streams may take to end once the connection is being closed
   */
  static void begin(
      ChannelPipeline pipeline,
      Consumer<ChannelPipeline> requests,
      long maxHeaderBytes,
      long idleNanos,
      long closeMillis) {
    Http2Connection connection = new Http2Connection(idleNanos);
    pipeline.addLast(
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .maxConcurrentStreams(MAX_STREAMS)
                    .maxHeaderListSize(maxHeaderBytes))
            .gracefulShutdownTimeoutMillis(closeMillis)
            .build(),
        new Http2MultiplexHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel stream) {
                connection.opened(stream);
                stream.pipeline().addLast(new Http2StreamFrameToHttpObjectCodec(true));
                requests.accept(stream.pipeline());
              }
            }),
        connection);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    startIdle(ctx.channel());
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    stopIdle();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stopIdle();
  }

  private void opened(Channel stream) {
    streams++;
    stopIdle();
    stream.closeFuture().addListener(closed -> closed(stream.parent()));
  }

  private void closed(Channel connection) {
    streams--;
    if (streams == 0 && connection.isActive()) {
      startIdle(connection);
    }
  }

  private void startIdle(Channel connection) {
    idle = connection.eventLoop().schedule(() -> end(connection), idleNanos, TimeUnit.NANOSECONDS);
  }

  private void stopIdle() {
    Future<?> due = idle;
    idle = null;
    if (due != null) {
      due.cancel(false);
    }
  }

  private static void end(Channel connection) {
    log.debug("closing {}: no stream for too long", connection);
    connection.close();
  }

  /** Frames that belong to the connection, which its codec has dealt with already. */
  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ReferenceCountUtil.release(message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (ClientFault.is(cause)) {
      log.debug("a client's connection broke", cause);
    } else {
      log.warn("closing a connection whose pipeline threw", cause);
    }
    ctx.close();
  }
}
