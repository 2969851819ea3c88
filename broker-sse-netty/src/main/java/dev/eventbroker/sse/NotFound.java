package dev.eventbroker.sse;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.ReferenceCountUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a server's pipeline: answers what nobody has answered. Leaves with all that stands for
 * requests when a stream begins.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails ends in channelInactive
final class NotFound extends ChannelInboundHandlerAdapter implements StreamPlace.EndOfRequests {

  private static final Logger log = LoggerFactory.getLogger(NotFound.class);

  private boolean closing;

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      if (closing) {
        return;
      }
      boolean broken = message instanceof HttpObject part && part.decoderResult().isFailure();
      if (message instanceof HttpRequest request) {
        answer(ctx, request, broken);
      } else if (broken) {
        ctx.close();
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void answer(ChannelHandlerContext ctx, HttpRequest request, boolean broken) {
    Refusal refusal =
        broken
            ? Refusal.unreadable(request.decoderResult().cause())
            : new Refusal(HttpResponseStatus.NOT_FOUND.code(), "path: nothing there");
    // Nor with a client that leaves its answers where they are.
    boolean keepAlive =
        !broken
            && HttpUtil.isKeepAlive(request)
            && !HttpUtil.is100ContinueExpected(request)
            && ctx.channel().isWritable();
    boolean head = request.method().equals(HttpMethod.HEAD);
    ChannelFuture written =
        ctx.writeAndFlush(refusal.response(request.protocolVersion(), keepAlive, head));
    if (!keepAlive) {
      closing = true;
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == Drain.EVENT) {
      ctx.close();
    }
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
