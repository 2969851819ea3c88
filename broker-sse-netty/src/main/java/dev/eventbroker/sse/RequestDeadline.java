package dev.eventbroker.sse;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a channel whose client does not send a whole request in time, from the moment when there
 * is nothing else to do for it: after it has come, and after each answer. However slowly it sends,
 * the time is for all of it.
 *
 * <p>Stands right behind the HTTP codec; a stream that begins takes it out. Used on the channel's
 * event loop only.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a close that fails finds a closed channel
final class RequestDeadline extends ChannelDuplexHandler implements StreamPlace.ForRequestsOnly {

  private static final Logger log = LoggerFactory.getLogger(RequestDeadline.class);

  private final long nanos;

  private @Nullable Future<?> timeout;

  /** Whole requests less answers; below zero after an answer to a request that is not whole yet. */
  private int unanswered;

  RequestDeadline(long nanos) {
    this.nanos = nanos;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    start(ctx);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    stop();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stop();
    ctx.fireChannelInactive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof LastHttpContent) {
      unanswered++;
      startOrStop(ctx);
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    var unused = ctx.write(message, promise);
    if (!Unanswered.endsAnswer(message)) {
      return;
    }
    unanswered--;
    if (unanswered >= 0) {
      startOrStop(ctx);
    }
  }

  /** Either there is something to be answered, or the next request may come. */
  private void startOrStop(ChannelHandlerContext ctx) {
    stop();
    if (unanswered <= 0) {
      start(ctx);
    }
  }

  private void start(ChannelHandlerContext ctx) {
    timeout = ctx.executor().schedule(() -> tooLate(ctx), nanos, TimeUnit.NANOSECONDS);
  }

  private void stop() {
    Future<?> due = timeout;
    timeout = null;
    if (due != null) {
      due.cancel(false);
    }
  }

  private static void tooLate(ChannelHandlerContext ctx) {
    log.debug("closing {}: no request in time", ctx.channel());
    GivenUp.close(ctx);
  }
}
