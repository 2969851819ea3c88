package dev.eventbroker.sse;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpChunkedInput;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import org.jspecify.annotations.Nullable;

/**
 * Counts the requests of one connection that have passed the endpoint and have no whole answer yet.
 * Answers go out in the order asked (RFC 9112, 9.3.2), and the handlers behind the endpoint may
 * take their time: what the endpoint says meanwhile would be taken for their answer. Stands right
 * behind the endpoint, from the first of them on; used on the channel's event loop only.
 */
final class Unanswered extends ChannelDuplexHandler {

  private final ChannelHandler endpoint;

  private int requests;
  private @Nullable Runnable next;

  Unanswered(ChannelHandler endpoint) {
    this.endpoint = endpoint;
  }

  boolean isOf(ChannelHandler other) {
    return endpoint == other;
  }

  /** Runs the work once every request that has passed is answered; at most one may wait. */
  void whenNone(Runnable work) {
    if (requests == 0) {
      work.run();
    } else {
      next = work;
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof HttpRequest) {
      requests++;
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    var unused = ctx.write(message, promise);
    if (!endsAnswer(message) || requests == 0) {
      return;
    }
    requests--;
    Runnable work = next;
    if (requests == 0 && work != null) {
      next = null;
      // Not in the middle of what the handler does that writes.
      ctx.executor().execute(work);
    }
  }

  /** Whether nothing more of that answer comes. */
  static boolean endsAnswer(Object message) {
    if (message instanceof HttpResponse response
        && response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
      return false;
    }
    return message instanceof LastHttpContent || message instanceof HttpChunkedInput;
  }
}
