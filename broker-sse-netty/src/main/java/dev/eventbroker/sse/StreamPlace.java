package dev.eventbroker.sse;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpContentEncoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import org.jspecify.annotations.Nullable;

/**
 * What stands around a stream in its pipeline, as it is when the stream begins.
 *
 * @param ctx the stream's own place
 * @param codec the HTTP/1 codec, unless another handler that sees what is written comes after it
 * @param isTransportNext whether no handler of the host's is in front of the codec, which might not
 *     know of void promises
 * @param isCodecNext whether nothing at all is between the codec and the stream, so that nobody
 *     else waits for what it decodes
 */
record StreamPlace(
    ChannelHandlerContext ctx,
    @Nullable ChannelHandlerContext codec,
    boolean isTransportNext,
    boolean isCodecNext) {

  /** A handler that has nothing to do in the pipeline of a stream. */
  interface ForRequestsOnly extends ChannelHandler {}

  /** The same, and neither have those between the stream and itself, the last one. */
  interface EndOfRequests extends ForRequestsOnly {}

  /**
   * From here on the channel serves the stream and nothing else, and ends with it. What would hold
   * back its bytes, end it for want of requests, or wait for more of them is taken out; other
   * handlers, such as one that adds CORS headers, stay and see the response. So do those behind the
   * stream, unless the pipeline is one that ends with the server's own answer to requests.
   */
  static StreamPlace takeOver(ChannelHandlerContext ctx) {
    ChannelPipeline pipeline = ctx.pipeline();
    if (pipeline.last() instanceof EndOfRequests) {
      removeBehind(pipeline, ctx.handler());
    }
    ChannelHandlerContext codec = null;
    boolean transportNext = true;
    boolean transportNextToCodec = false;
    boolean codecNext = false;
    boolean behind = false;
    // By their names, for otherwise the pipeline makes a map of all that there is.
    for (String name : pipeline.names()) {
      ChannelHandlerContext place = pipeline.context(name);
      if (place == null) {
        continue; // the pipeline's own end, or gone already with another one
      }
      ChannelHandler handler = place.handler();
      if (place == ctx) {
        behind = true;
      } else if (isInTheWay(handler)) {
        pipeline.remove(handler);
      } else if (!behind && !(handler instanceof Unanswered)) { // which goes with its endpoint
        boolean isCodec = isCodec(handler);
        if (isCodec) {
          codec = place;
          transportNextToCodec = transportNext;
        } else if (handler instanceof ChannelOutboundHandler) {
          codec = null;
        }
        codecNext = isCodec;
        transportNext &=
            !(handler instanceof ChannelOutboundHandler) || handler instanceof SslHandler;
      }
    }
    // A channel that does not read does not see its client go.
    ctx.channel().config().setAutoRead(true);
    return codec == null
        ? new StreamPlace(ctx, null, false, false)
        : new StreamPlace(
            ctx,
            codec,
            transportNextToCodec,
            codecNext && codec.handler() instanceof HttpServerCodec);
  }

  private static void removeBehind(ChannelPipeline pipeline, ChannelHandler stream) {
    while (pipeline.last() != stream) {
      pipeline.removeLast();
    }
  }

  private static boolean isInTheWay(ChannelHandler handler) {
    return handler instanceof HttpContentEncoder
        || handler instanceof ReadTimeoutHandler
        || handler instanceof ForRequestsOnly;
  }

  private static boolean isCodec(ChannelHandler handler) {
    return handler instanceof HttpServerCodec || handler instanceof HttpResponseEncoder;
  }
}
