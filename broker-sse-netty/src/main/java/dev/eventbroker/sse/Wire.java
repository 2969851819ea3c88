package dev.eventbroker.sse;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandler;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The way of frames to a channel. Where nothing but the HTTP codec stands between the stream and
 * the transport, frames pass it by as ready chunks: one write of shared bytes, instead of three
 * that the codec would make for each connection. Where the host has put a handler in between that
 * might want to see the response, they go through it as HTTP content.
 *
 * <p>The head and the end of a response always go through the codec, whose state so stays right.
 */
final class Wire {

  private final ChannelHandlerContext ctx;
  private final @Nullable ChannelHandlerContext codec;
  private final boolean chunked;

  /**
   * The way from that handler.
   *
   * @param chunked whether the response is, which HTTP/1.0 does not know
   */
  Wire(ChannelHandlerContext ctx, boolean chunked) {
    this.ctx = ctx;
    this.codec = codecRightBefore(ctx);
    this.chunked = chunked;
  }

  ChannelFuture write(WireFrame frame) {
    if (codec == null) {
      return ctx.write(new DefaultHttpContent(frame.plain()));
    }
    return codec.write(chunked ? frame.chunk() : frame.plain());
  }

  /** The codec, unless another handler that sees what is written comes after it. */
  private static @Nullable ChannelHandlerContext codecRightBefore(ChannelHandlerContext ctx) {
    ChannelHandlerContext found = null;
    for (Map.Entry<String, ChannelHandler> entry : ctx.pipeline()) {
      ChannelHandler handler = entry.getValue();
      if (handler == ctx.handler()) {
        return found;
      }
      if (handler instanceof HttpServerCodec || handler instanceof HttpResponseEncoder) {
        found = ctx.pipeline().context(handler);
      } else if (handler instanceof ChannelOutboundHandler) {
        found = null;
      }
    }
    return null;
  }
}
