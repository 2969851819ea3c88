package dev.eventbroker.sse;

import dev.eventbroker.BrokerException;
import dev.eventbroker.CloseReason;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.runtime.LimitedWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.CodecException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpContentEncoder;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request for a stream, from its first byte to its answer's last. It stands in front of the
 * endpoint for as long as that takes, so everything that happens to the channel meanwhile comes
 * here first.
 *
 * <pre>
 *   its turn ──► authorised ──► streaming ──► the connection ends with the stream
 *       └────────────┴──► refused ──► rest of the request drained ──► gone, the connection goes on
 * </pre>
 *
 * <p>All of it happens on the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails ends in channelInactive
final class SseExchange extends ChannelInboundHandlerAdapter {

  private static final Logger log = LoggerFactory.getLogger(SseExchange.class);

  /**
   * What a client may send that nobody reads: a GET has no body, and a stream no second request.
   */
  private static final long MAX_IGNORED_BYTES = 64 * 1024;

  /** What a message without content counts, so that these are bounded too. */
  private static final int MESSAGE_BYTES = 256;

  private static final CloseReason TALKATIVE =
      new CloseReason("talkative", "the client sends too much after its request", false, false);

  private final SseSettings settings;
  private final LimitedWarnings failures;
  private final HttpVersion version;
  private final boolean head;
  private final boolean keepAlive;

  private @Nullable SseStream stream;
  private @Nullable Future<?> decisionTimeout;
  private boolean decided;
  private boolean answered;
  private boolean reusable;
  private boolean requestRead;
  private boolean pipelined;
  private long ignoredBytes;

  SseExchange(SseSettings settings, LimitedWarnings failures, HttpRequest request) {
    this.settings = settings;
    this.failures = failures;
    this.version = request.protocolVersion();
    this.head = request.method().equals(HttpMethod.HEAD);
    // Who expects a 100 may or may not send its body after another answer: nobody can tell.
    this.keepAlive =
        HttpUtil.isKeepAlive(request)
            && !HttpUtil.is100ContinueExpected(request)
            && request.decoderResult().isSuccess();
    this.requestRead = request instanceof LastHttpContent;
  }

  /**
   * Reads the head of the request that this exchange was made for, once it is its turn; does
   * nothing if the connection has ended meanwhile.
   */
  void begin(ChannelHandlerContext ctx, HttpRequest request) {
    if (ctx.isRemoved() || !ctx.channel().isActive()) {
      return;
    }
    SocketAddress remoteAddress = ctx.channel().remoteAddress();
    if (remoteAddress == null) {
      ctx.close();
      return;
    }
    try {
      authorize(ctx, StreamRequest.read(request, remoteAddress, settings.maxFilters()));
    } catch (Refusal refusal) {
      refuse(ctx, refusal);
    }
  }

  // ---- The decision

  private void authorize(ChannelHandlerContext ctx, SseRequest request) {
    CompletionStage<SseDecision> decision;
    try {
      decision = settings.authorizer().authorize(request);
      if (decision == null) {
        throw new NullPointerException("the authorizer answered null (expected: a stage)");
      }
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      decide(ctx, request, null, e);
      return;
    }
    decisionTimeout =
        ctx.executor()
            .schedule(
                () -> tooLate(ctx), settings.authorizeTimeout().toNanos(), TimeUnit.NANOSECONDS);
    var unused =
        decision.whenComplete(
            (made, failure) -> onLoop(ctx, () -> decide(ctx, request, made, failure)));
  }

  private static void onLoop(ChannelHandlerContext ctx, Runnable work) {
    if (ctx.executor().inEventLoop()) {
      work.run();
      return;
    }
    try {
      ctx.executor().execute(work);
    } catch (RejectedExecutionException e) {
      // The event loop was shut down and its channels with it; nothing exists that has to end.
      log.debug("a decision came after the event loop's end");
    }
  }

  private void tooLate(ChannelHandlerContext ctx) {
    if (!decided) {
      decided = true;
      failures.warn(
          "the authorizer failed: no decision within " + settings.authorizeTimeout(), null);
      notNow(ctx);
    }
  }

  private void decide(
      ChannelHandlerContext ctx,
      SseRequest request,
      @Nullable SseDecision decision,
      @Nullable Throwable failure) {
    if (decided) {
      return;
    }
    forgetDecision();
    if (decision instanceof SseDecision.Allowed<?> allowed && failure == null) {
      allow(ctx, allowed, request);
    } else if (decision instanceof SseDecision.Refused refused && failure == null) {
      refuse(ctx, new Refusal(refused.status(), refused.detail()));
    } else {
      failures.warn(
          "the authorizer failed: " + (failure == null ? "it decided null" : "it threw"), failure);
      notNow(ctx);
    }
  }

  private void forgetDecision() {
    decided = true;
    Future<?> timeout = decisionTimeout;
    if (timeout != null) {
      timeout.cancel(false);
    }
  }

  /**
   * Nobody is let in undecided; but a browser takes any status but 200 as final, and an authorizer
   * that fails is nothing to give up a page for.
   */
  private void notNow(ChannelHandlerContext ctx) {
    if (head) {
      refuse(
          ctx, new Refusal(HttpResponseStatus.SERVICE_UNAVAILABLE.code(), "no decision for now"));
      return;
    }
    takeOver(ctx);
    answered = true;
    ctx.write(streamHead());
    SseFrame frame = SseFrame.notNow(settings.jitteredRetry());
    ctx.write(new DefaultHttpContent(Unpooled.wrappedBuffer(frame.bytes())));
    ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
  }

  private void refuse(ChannelHandlerContext ctx, Refusal refusal) {
    reusable = isReusable(ctx);
    answer(ctx, refusal.response(version, reusable, head));
  }

  /** Not with a client that leaves its answers where they are: there would be ever more of them. */
  private boolean isReusable(ChannelHandlerContext ctx) {
    return keepAlive && !pipelined && ctx.channel().isWritable();
  }

  /** Answers without a stream. */
  private void answer(ChannelHandlerContext ctx, HttpResponse response) {
    answered = true;
    ChannelFuture written = ctx.writeAndFlush(response);
    if (!reusable) {
      written.addListener(ChannelFutureListener.CLOSE);
    } else if (requestRead) {
      ctx.pipeline().remove(this);
    }
  }

  private void allow(
      ChannelHandlerContext ctx, SseDecision.Allowed<?> allowed, SseRequest request) {
    if (head) {
      reusable = isReusable(ctx);
      HttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
      describe(response.headers());
      HttpUtil.setKeepAlive(response.headers(), version, reusable);
      answer(ctx, response);
      return;
    }
    takeOver(ctx);
    SubscribeRequest.Builder<?> subscription =
        allowed
            .subscribeRequest()
            .filters(request.filters())
            .lagPolicy(settings.lagPolicy())
            .lane(ctx.channel().eventLoop());
    request.lastEventId().ifPresent(subscription::lastEventId);
    SseStream opened;
    try {
      opened = new SseStream(ctx, settings, allowed, request, version.isKeepAliveDefault());
    } catch (BrokerException.Overloaded e) {
      // The broker has logged and counted it; the client may find a place when it comes back.
      notNow(ctx);
      return;
    }
    stream = opened;
    opened.begin(streamHead(), subscription.build());
  }

  /**
   * From here on the connection serves the stream and nothing else, and ends with it. What would
   * hold back its bytes or end it for want of requests is taken out; other handlers, such as one
   * that adds CORS headers, stay and see the response.
   */
  private static void takeOver(ChannelHandlerContext ctx) {
    ChannelPipeline pipeline = ctx.pipeline();
    for (Map.Entry<String, ChannelHandler> entry : pipeline) {
      ChannelHandler handler = entry.getValue();
      if (handler instanceof HttpContentEncoder || handler instanceof ReadTimeoutHandler) {
        pipeline.remove(handler);
      }
    }
    // A channel that does not read does not see its client go.
    ctx.channel().config().setAutoRead(true);
  }

  private HttpResponse streamHead() {
    HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    HttpHeaders headers = response.headers();
    describe(headers);
    boolean chunked = version.isKeepAliveDefault();
    if (chunked) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    if (!chunked || !keepAlive) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
    return response;
  }

  private static void describe(HttpHeaders headers) {
    headers.set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    headers.set(HttpHeaderNames.CACHE_CONTROL, "no-cache, no-store, no-transform");
    headers.set("X-Accel-Buffering", "no");
  }

  // ---- What comes in meanwhile

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      ignore(ctx, message);
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void ignore(ChannelHandlerContext ctx, Object message) {
    ignoredBytes += MESSAGE_BYTES;
    if (message instanceof HttpContent content) {
      ignoredBytes += content.content().readableBytes();
    }
    if (requestRead) {
      pipelined = true;
    } else if (message instanceof LastHttpContent) {
      requestRead = true;
    }
    boolean broken = message instanceof HttpObject part && part.decoderResult().isFailure();
    if (broken || ignoredBytes > MAX_IGNORED_BYTES) {
      end(ctx, TALKATIVE);
    } else if (answered && requestRead && reusable && !pipelined) {
      ctx.pipeline().remove(this);
    }
  }

  /** Ends at once what there is, and then the connection. */
  private void end(ChannelHandlerContext ctx, CloseReason reason) {
    over(reason);
    ctx.close();
  }

  private void over(CloseReason reason) {
    forgetDecision();
    SseStream own = stream;
    if (own != null) {
      own.disconnected(reason);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    over(CloseReason.DISCONNECTED);
    ctx.fireChannelInactive();
  }

  /** Somebody takes the pipeline apart, or it was left after a refusal. */
  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    over(CloseReason.DISCONNECTED);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    SseStream own = stream;
    if (own != null) {
      own.writabilityChanged();
    }
    ctx.fireChannelWritabilityChanged();
  }

  /** Who closes its writing side alone is gone too: no browser does, and a dying one can't say. */
  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent
        || event instanceof ChannelInputShutdownReadComplete) {
      end(ctx, CloseReason.DISCONNECTED);
    } else if (event == Drain.EVENT) {
      drain(ctx);
    } else if (event instanceof IdleStateEvent && stream != null) {
      // A stream has a heartbeat and a stall timeout of its own; the host would take it for idle.
      log.trace("idle");
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  private void drain(ChannelHandlerContext ctx) {
    SseStream own = stream;
    if (own != null) {
      own.end(CloseReason.SHUTDOWN);
    } else if (!answered) {
      end(ctx, CloseReason.SHUTDOWN);
    }
  }

  /** A broken connection is the client's affair; what is not that is ours to know. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException || cause instanceof CodecException) {
      log.debug("a client's connection broke", cause);
    } else {
      log.warn("closing a connection whose pipeline threw", cause);
    }
    end(ctx, CloseReason.DISCONNECTED);
  }
}
