package dev.eventbroker.sse;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2StreamChannel;

/**
 * The end of a channel whose client does not take what was written for it.
 *
 * <p>A stream of an HTTP/2 connection whose last frame was written counts as ended for Netty, also
 * while that frame waits behind a closed window: closing it then tells nobody, and what waits is
 * kept until the connection ends. A RST_STREAM passes every window, and lets go of what waits.
 */
final class GivenUp {

  private static final boolean HAS_HTTP2 = hasHttp2();

  private GivenUp() {}

  /** Closes the channel, and leaves nothing of it behind. On its event loop only. */
  @SuppressWarnings("FutureReturnValueIgnored") // a close that fails finds a closed channel
  static void close(ChannelHandlerContext ctx) {
    if (HAS_HTTP2) {
      Http2.reset(ctx);
    }
    ctx.close();
  }

  /** It is optional. */
  private static boolean hasHttp2() {
    try {
      return Http2.isThere();
    } catch (NoClassDefFoundError e) {
      return false;
    }
  }

  // A class of its own, for what is not there must not be looked for before it is asked for.
  private static final class Http2 {

    static boolean isThere() {
      return Http2StreamChannel.class.isInterface();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a write that fails finds a closed connection
    static void reset(ChannelHandlerContext ctx) {
      Channel channel = ctx.channel();
      if (channel instanceof Http2StreamChannel && channel.isActive()) {
        ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
      }
    }
  }
}
