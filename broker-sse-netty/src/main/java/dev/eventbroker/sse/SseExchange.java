package dev.eventbroker.sse;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerException;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.SubscribeRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
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
 *   its turn ──► counted in ──► authorised ──► streaming ──► the channel ends with the stream
 *       └────────────┴──────────────┴──► refused ──► rest of the request drained ──► gone
 * </pre>
 *
 * <p>The channel is a connection, or one stream of a multiplexed connection (HTTP/2). All of it
 * happens on the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails ends in channelInactive
final class SseExchange extends ChannelInboundHandlerAdapter
    implements StreamPlace.ForRequestsOnly {

  private static final Logger log = LoggerFactory.getLogger(SseExchange.class);

  /**
   * What a client may send that nobody reads: a GET has no body, and a stream no second request.
   */
  private static final long MAX_IGNORED_BYTES = 64 * 1024;

  /** What a message without content counts, so that these are bounded too. */
  private static final int MESSAGE_BYTES = 256;

  private static final CloseReason TALKATIVE =
      new CloseReason("talkative", "the client sends too much after its request", false, false);

  private final EndpointState endpoint;
  private final SseSettings settings;
  private final boolean multiplexed;
  private final boolean keepAlive;

  // Until there is an answer: a stream keeps nothing of its request.
  private @Nullable Answers answers;
  private @Nullable Asking asking;

  private Optional<Admissions.Admission> admission = Optional.empty();
  private @Nullable SseStream stream;
  private @Nullable ChannelHandlerContext removable;
  private @Nullable Future<?> giveUp;
  private boolean answered;
  private boolean reusable;
  private boolean requestRead;
  private boolean pipelined;
  private long ignoredBytes;

  SseExchange(EndpointState endpoint, Channel channel, HttpRequest request) {
    this.endpoint = endpoint;
    this.settings = endpoint.settings();
    this.multiplexed = isMultiplexed(channel);
    this.answers = new Answers(request, settings.cors(), multiplexed);
    // Who expects a 100 may or may not send its body after another answer: nobody can tell.
    this.keepAlive =
        HttpUtil.isKeepAlive(request)
            && !HttpUtil.is100ContinueExpected(request)
            && request.decoderResult().isSuccess();
    this.requestRead = request instanceof LastHttpContent;
  }

  /**
   * Whether that is a stream of a connection: then its parent is the connection, and no listening
   * socket. So nothing here needs the classes of HTTP/2, and HTTP/3 is nothing else.
   */
  private static boolean isMultiplexed(Channel channel) {
    Channel parent = channel.parent();
    return parent != null && !(parent instanceof ServerChannel);
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
      admit(ctx, StreamRequest.read(request, remoteAddress, settings.limits()));
    } catch (Refusal refusal) {
      refuse(ctx, refusal);
    } catch (RuntimeException | Error e) {
      exceptionCaught(ctx, e);
    }
  }

  // ---- The decision

  private void admit(ChannelHandlerContext ctx, SseRequest request) {
    String address;
    try {
      address = requireNonNull(settings.address().apply(request), "address");
    } catch (RuntimeException e) {
      endpoint.failures().warn("the address of a client could not be told: it threw", e);
      notNow(ctx, "no decision for now", settings.jitteredRetry());
      return;
    }
    if (!endpoint.isDraining()) {
      admission = endpoint.admissions().enter(address);
    }
    if (admission.isEmpty()) {
      tooMany(ctx);
      return;
    }
    Asking question =
        new Asking(
            settings,
            endpoint.failures(),
            ctx.executor(),
            decision -> decided(ctx, request, decision));
    asking = question;
    question.begin(request);
  }

  private void decided(
      ChannelHandlerContext ctx, SseRequest request, Optional<SseDecision> decision) {
    try {
      if (decision.isEmpty()) {
        notNow(ctx, "no decision for now", settings.jitteredRetry());
      } else if (decision.get() instanceof SseDecision.Refused refused) {
        refuse(ctx, new Refusal(refused.status(), refused.detail()));
      } else if (decision.get() instanceof SseDecision.Allowed<?> allowed) {
        allow(ctx, allowed, request);
      }
    } catch (RuntimeException | Error e) {
      // A stage or a timer would keep it to itself, and the pipeline tell only those behind us.
      exceptionCaught(ctx, e);
    }
  }

  private void tooMany(ChannelHandlerContext ctx) {
    notNow(ctx, "too many streams", settings.spreadRetry());
  }

  /**
   * Nobody is let in undecided or beyond a limit; but an event source takes any status but 200 as
   * final, and this is nothing to give up a page for.
   */
  private void notNow(ChannelHandlerContext ctx, String why, Duration retry) {
    admission.ifPresent(Admissions.Admission::leave);
    if (!answers().isForEventSource()) {
      refuse(ctx, Refusal.notNow(why, retry));
      return;
    }
    StreamPlace.takeOver(ctx);
    answered = true;
    ctx.write(answers().stream(keepAlive));
    SseFrame frame = SseFrame.notNow(retry);
    ctx.write(new DefaultHttpContent(Unpooled.wrappedBuffer(frame.bytes())));
    closeBehind(ctx, ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT));
  }

  private void refuse(ChannelHandlerContext ctx, Refusal refusal) {
    reusable = isReusable(ctx);
    answer(ctx, answers().refusal(refusal, reusable));
  }

  /** Not with a client that leaves its answers where they are: there would be ever more of them. */
  private boolean isReusable(ChannelHandlerContext ctx) {
    return keepAlive && !pipelined && ctx.channel().isWritable();
  }

  /** Answers without a stream: takes no place any more, whatever the client still sends. */
  private void answer(ChannelHandlerContext ctx, HttpResponse response) {
    admission.ifPresent(Admissions.Admission::leave);
    answered = true;
    ChannelFuture written = ctx.writeAndFlush(response);
    if (!reusable) {
      closeBehind(ctx, written);
    } else {
      giveUpUnlessTaken(ctx, written);
      leaveIfOver(ctx);
    }
  }

  /** A stream of a connection carries no other request, and ends by itself with this one. */
  private void leaveIfOver(ChannelHandlerContext ctx) {
    if (answered && requestRead && reusable && !pipelined && !multiplexed) {
      ctx.pipeline().remove(this);
    }
  }

  /** Closes the channel once that is gone; who does not take it is given up as in a stream. */
  private void closeBehind(ChannelHandlerContext ctx, ChannelFuture written) {
    written.addListener(ChannelFutureListener.CLOSE);
    giveUpUnlessTaken(ctx, written);
  }

  private void giveUpUnlessTaken(ChannelHandlerContext ctx, ChannelFuture written) {
    if (!written.isDone()) {
      long patience = settings.stallTimeout().toNanos();
      giveUp = ctx.executor().schedule(() -> giveUp(ctx, written), patience, TimeUnit.NANOSECONDS);
    }
  }

  private void giveUp(ChannelHandlerContext ctx, ChannelFuture written) {
    if (!written.isDone()) {
      end(ctx, CloseReason.DISCONNECTED);
    }
  }

  private void allow(
      ChannelHandlerContext ctx, SseDecision.Allowed<?> allowed, SseRequest request) {
    if (allowed.until().filter(end -> settings.nanosUntil(end) <= 0).isPresent()) {
      refuse(ctx, new Refusal(HttpResponseStatus.UNAUTHORIZED.code(), "authorization: expired"));
      return;
    }
    if (answers().isHead()) {
      reusable = isReusable(ctx);
      answer(ctx, answers().description(reusable));
      return;
    }
    Optional<Connection> connection = connect(allowed);
    if (connection.isEmpty()) {
      tooMany(ctx);
      return;
    }
    try {
      open(ctx, allowed, request, connection.get());
    } catch (RuntimeException | Error e) {
      connection.get().close(CloseReason.FAILED); // there may be no stream yet that would
      throw e;
    }
  }

  private void open(
      ChannelHandlerContext ctx,
      SseDecision.Allowed<?> allowed,
      SseRequest request,
      Connection connection) {
    StreamPlace place = StreamPlace.takeOver(ctx);
    answered = true;
    Answers own = answers();
    FrameBatch batch = endpoint.batchOf(ctx.channel().eventLoop());
    Wire wire = new Wire(place, batch, own.isChunked(), multiplexed);
    answers = null;
    asking = null;
    SseStream opened =
        new SseStream(ctx, settings, wire, connection, allowed, request.lastEventId());
    stream = opened;
    removable = place.isCodecNext() ? place.codec() : null;
    endpoint.opened(ctx.channel());
    opened.begin(own, keepAlive, subscription(ctx, allowed, request));
    standAlone(ctx);
    if (endpoint.isDraining()) {
      opened.end(CloseReason.SHUTDOWN);
    }
  }

  private Answers answers() {
    return requireNonNull(answers, "answers");
  }

  private Optional<Connection> connect(SseDecision.Allowed<?> allowed) {
    if (!admission.orElseThrow().as(allowed.principal())) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          settings.broker().connections().open(allowed.principal(), allowed.owner()));
    } catch (BrokerException.Overloaded e) {
      return Optional.empty();
    }
  }

  private SubscribeRequest subscription(
      ChannelHandlerContext ctx, SseDecision.Allowed<?> allowed, SseRequest request) {
    SubscribeRequest.Builder<?> subscription =
        allowed
            .subscribeRequest()
            .filters(request.filters())
            .lagPolicy(settings.lagPolicy())
            .lane(ctx.channel().eventLoop());
    request.lastEventId().ifPresent(subscription::lastEventId);
    return subscription.build();
  }

  /**
   * Once the request is whole, a codec that works for nobody else is of no more use: what a client
   * still sends is counted as it comes, and it is much of the memory of a quiet connection.
   */
  private void standAlone(ChannelHandlerContext ctx) {
    SseStream own = stream;
    ChannelHandlerContext codec = removable;
    if (own == null || codec == null || !requestRead) {
      return;
    }
    removable = null;
    if (!codec.isRemoved()) {
      own.standAlone();
      ctx.pipeline().remove(codec.handler());
    }
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
    } else if (message instanceof ByteBuf bytes) {
      ignoredBytes += bytes.readableBytes();
    }
    if (requestRead) {
      pipelined = true;
    } else if (message instanceof LastHttpContent) {
      requestRead = true;
    }
    boolean broken = message instanceof HttpObject part && part.decoderResult().isFailure();
    if (broken || ignoredBytes > MAX_IGNORED_BYTES) {
      end(ctx, TALKATIVE);
    } else {
      standAlone(ctx);
      leaveIfOver(ctx);
    }
  }

  /** Ends at once what there is, and then the channel. */
  private void end(ChannelHandlerContext ctx, CloseReason reason) {
    over(reason);
    GivenUp.close(ctx);
  }

  private void over(CloseReason reason) {
    Asking question = asking;
    if (question != null) {
      question.cancel();
    }
    SseStream own = stream;
    if (own != null) {
      own.disconnected(reason);
    }
    Future<?> due = giveUp;
    if (due != null) {
      due.cancel(false);
    }
    admission.ifPresent(Admissions.Admission::leave);
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

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (isLastWord(event)) {
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

  /**
   * Who closes the writing side of a connection alone is gone too: no browser does, and a dying one
   * can't say. In a stream of a multiplexed one it is just the end of the request.
   */
  private boolean isLastWord(Object event) {
    return !multiplexed
        && (event instanceof ChannelInputShutdownEvent
            || event instanceof ChannelInputShutdownReadComplete);
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
    if (ClientFault.is(cause)) {
      log.debug("a client's connection broke", cause);
    } else {
      log.warn("closing a connection whose pipeline threw", cause);
    }
    end(ctx, CloseReason.DISCONNECTED);
  }
}
