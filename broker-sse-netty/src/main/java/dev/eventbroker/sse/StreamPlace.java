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
import java.util.Map;
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
    ChannelHandler codec = null;
    boolean transportNext = true;
    boolean transportNextToCodec = false;
    boolean codecNext = false;
    boolean behind = false;
    boolean requestsEnd = pipeline.last() instanceof EndOfRequests;
    // One walk, for the pipeline makes a map for each.
    for (Map.Entry<String, ChannelHandler> entry : pipeline) {
      ChannelHandler handler = entry.getValue();
      if (handler == ctx.handler()) {
        behind = true;
      } else if (isInTheWay(handler) || (behind && requestsEnd)) {
        remove(pipeline, handler);
      } else if (!behind && !(handler instanceof Unanswered)) { // which goes with its endpoint
        boolean isCodec = isCodec(handler);
        if (isCodec) {
          codec = handler;
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
            pipeline.context(codec),
            transportNextToCodec,
            codecNext && codec instanceof HttpServerCodec);
  }

  /** It may have gone already, with another one. */
  private static void remove(ChannelPipeline pipeline, ChannelHandler handler) {
    if (pipeline.context(handler) != null) {
      pipeline.remove(handler);
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
