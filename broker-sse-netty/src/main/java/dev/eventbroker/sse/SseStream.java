package dev.eventbroker.sse;

import dev.eventbroker.BrokerException;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The answer to one client: turns what its subscription brings into bytes, keeps the line alive,
 * and ends once, whoever ends it. Lives on the channel's event loop, which is its lane as well; so
 * nothing here needs a lock, and a block is never cut by an end.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails ends in channelInactive
final class SseStream implements Subscriber {

  private static final Logger log = LoggerFactory.getLogger(SseStream.class);

  private static final CloseReason STALLED =
      new CloseReason("stalled", "the client takes no bytes", true, false);

  private static final CloseReason LIFETIME =
      new CloseReason("lifetime", "the maximum lifetime of a stream is over", true, true);

  private static final CloseReason EXPIRED =
      new CloseReason("expired", "what the client was let in with is over", true, true);

  private static final CloseReason OVERLOADED =
      new CloseReason("overloaded", "the broker takes no more subscriptions", true, true);

  private final ChannelHandlerContext ctx;
  private final Channel channel;
  private final SseSettings settings;
  private final Connection connection;
  private final boolean hasSnapshot;
  private final long heartbeatNanos;
  private final long endsAt;
  private final Optional<Long> expiresAt;
  private final Wire wire;

  private @Nullable Subscription subscription;
  private @Nullable StallWatch stallWatch;
  private @Nullable Future<?> timer;
  private boolean started;
  private boolean ended;
  private boolean expiryTold;
  private boolean written;
  private boolean idWritten;
  private Optional<EventId> clientId;
  private long wroteAt;
  private long idSettledAt;

  /** Takes the connection, and closes it; {@link #begin} has to follow. */
  SseStream(
      ChannelHandlerContext ctx,
      SseSettings settings,
      Wire wire,
      Connection connection,
      SseDecision.Allowed<?> allowed,
      Optional<String> lastEventId) {
    this.ctx = ctx;
    this.channel = ctx.channel();
    this.settings = settings;
    this.wire = wire;
    this.connection = connection;
    this.hasSnapshot = allowed.hasSnapshot();
    this.heartbeatNanos = settings.heartbeatNanos();
    this.clientId = lastEventId.flatMap(EventId::parse);
    long now = settings.nanoClock().getAsLong();
    this.endsAt = now + settings.lifetimeNanos();
    this.expiresAt = allowed.until().map(end -> now + settings.nanosUntil(end));
    this.wroteAt = now;
    this.idSettledAt = now;
  }

  // ---- The handshake

  /**
   * Answers and subscribes in one go: when the client sees the first bytes, what is published from
   * then on is its own. Nothing of the subscription can come before them, for it comes in a later
   * task of this event loop.
   */
  void begin(Answers answers, boolean keepAlive, SubscribeRequest request) {
    wire.begin(answers, keepAlive);
    write(SseFrame.preamble(settings.jitteredRetry()));
    try {
      subscription = settings.broker().subscribe(request, this);
    } catch (BrokerException.Closed e) {
      // Not a refusal: a browser would never come back, and the next node may be open.
      end(CloseReason.SHUTDOWN);
      return;
    } catch (BrokerException.Overloaded e) {
      end(OVERLOADED);
      return;
    } catch (RuntimeException e) {
      log.warn("no subscription for {}", connection, e);
      end(CloseReason.FAILED);
      return;
    }
    if (isCursorNext()) {
      // It comes in a task that is on its way already: one write to the socket instead of two.
      ctx.executor().execute(this::flush);
    } else {
      flush();
    }
    schedule();
  }

  /**
   * Whether there is nothing to load or to replay before the subscription says where it starts. The
   * streams of a multiplexed connection share its writes to the socket as it is.
   */
  private boolean isCursorNext() {
    return !hasSnapshot && clientId.isEmpty() && !wire.isMultiplexed();
  }

  @Override
  public boolean ready() {
    return channel.isWritable();
  }

  @Override
  public void onSnapshot(Snapshot snapshot, EventId cursor) {
    write(SseFrame.snapshot(snapshot, cursor));
  }

  @Override
  public void onStart(EventId cursor) {
    started = true;
    // Who drops before its first event can go on from here all the same.
    writeCursor(cursor);
  }

  @Override
  public void onEvent(Delivery delivery) {
    write(delivery.encodedBy(settings.encoder()));
  }

  @Override
  public void onGap(Gap gap) {
    write(SseFrame.gap(gap, !isSnapshotDue()));
  }

  @Override
  public void onBatchEnd() {
    flush();
  }

  /** Most often the echo of an end that came from here; and the end itself when the broker ends. */
  @Override
  public void onClose(CloseReason reason) {
    if (ctx.executor().inEventLoop()) {
      end(reason);
    } else {
      // The event loop is gone, and the channel with it.
      connection.close(reason);
    }
  }

  /**
   * Whether this gap is told ahead of a fresh snapshot. Its block then has no id: a client that is
   * lost in between comes back with what it had, and gets the snapshot.
   */
  private boolean isSnapshotDue() {
    return hasSnapshot && stateIs(Subscription.State.ARMED);
  }

  private boolean stateIs(Subscription.State state) {
    Subscription own = subscription;
    return own != null && own.state() == state;
  }

  private boolean writeCursor(EventId cursor) {
    if (clientId.isPresent() && clientId.get().equals(cursor)) {
      return false;
    }
    write(wire.cursor(cursor));
    return true;
  }

  private void write(SseFrame frame) {
    write(new WireFrame(frame));
  }

  private void write(WireFrame frame) {
    if (ended) {
      return;
    }
    try {
      wire.write(frame);
    } catch (RuntimeException | Error e) {
      cutOff(e);
      return;
    }
    written = true;
    if (frame.id().isPresent()) {
      clientId = frame.id();
      idWritten = true;
    }
  }

  private void flush() {
    if (!written) {
      return;
    }
    written = false;
    try {
      wire.flush();
    } catch (RuntimeException | Error e) {
      cutOff(e);
      return;
    }
    wroteAt = settings.nanoClock().getAsLong();
    if (idWritten) {
      idWritten = false;
      idSettledAt = wroteAt;
    }
    if (!ended && wire.isPending()) {
      watch(wroteAt);
    }
  }

  /** Most streams never need it: what they write is gone at once. */
  private void watch(long now) {
    StallWatch watch = stallWatch;
    if (watch == null) {
      watch =
          new StallWatch(
              wire,
              ctx.executor(),
              settings.nanoClock(),
              settings.stallTimeout().toNanos(),
              this::stalled);
      stallWatch = watch;
    }
    watch.flushed(now);
  }

  // ---- What the channel says

  /** No codec stands between this and the transport any more. */
  void standAlone() {
    wire.standAlone();
  }

  void writabilityChanged() {
    Subscription own = subscription;
    if (own != null && channel.isWritable()) {
      own.wake();
    }
  }

  /** The channel is gone, or is no longer ours: nothing can be written any more. */
  void disconnected(CloseReason reason) {
    finish(reason);
    cancelTimer();
    wire.abandon();
  }

  /** Ends the response between two blocks, so that the client comes back with what it has. */
  void end(CloseReason reason) {
    if (ended) {
      return;
    }
    if (comesWithOthers(reason)) {
      write(SseFrame.retry(settings.spreadRetry()));
    }
    finish(reason);
    try {
      // What is behind the response on this connection is lost anyway, see SseExchange.
      wire.end().addListener(ChannelFutureListener.CLOSE);
    } catch (RuntimeException | Error e) {
      cutOff(e);
      return;
    }
    if (channel.isActive()) {
      timer =
          ctx.executor()
              .schedule(this::abandon, settings.stallTimeout().toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** Whether many are sent away for that at one moment; the others have times of their own. */
  private static boolean comesWithOthers(CloseReason reason) {
    return reason.equals(CloseReason.SHUTDOWN) || reason.equals(OVERLOADED);
  }

  private void finish(CloseReason reason) {
    if (ended) {
      return;
    }
    ended = true;
    cancelTimer();
    StallWatch watch = stallWatch;
    if (watch != null) {
      watch.cancel();
    }
    Subscription own = subscription;
    if (own != null) {
      own.close(reason);
    }
    connection.close(reason);
  }

  /**
   * There is no memory for the bytes, most likely: what is missing must not be followed by more,
   * nor be left without its timer. A client that is cut off comes back with what it has.
   */
  private void cutOff(Throwable cause) {
    log.warn("closing {}, which could not be written to", connection, cause);
    finish(CloseReason.FAILED);
    wire.abandon();
    abandon();
  }

  private void abandon() {
    GivenUp.close(ctx);
  }

  private void stalled() {
    log.debug("closing {}: {}", connection, STALLED.text());
    finish(STALLED);
    abandon();
  }

  // ---- What time says

  private void tick() {
    long now = settings.nanoClock().getAsLong();
    if (expiresAt.isPresent() && now - expiresAt.get() >= 0) {
      end(EXPIRED);
      return;
    }
    if (now - endsAt >= 0) {
      end(LIFETIME);
      return;
    }
    if (expiresAt.isPresent() && !expiryTold && now - tellsExpiryAt(expiresAt.get()) >= 0) {
      expiryTold = true;
      write(SseFrame.expiring(Duration.ofNanos(expiresAt.get() - now)));
      flush();
    }
    if (!wire.isPending()) {
      beat(now);
    }
    schedule();
  }

  private long tellsExpiryAt(long expiry) {
    return expiry - settings.expiryNotice().toNanos();
  }

  /**
   * A sign of life when nothing was written; and the cursor when it has moved past events that the
   * client does not see, be there other data or not (events without an id move nothing).
   */
  private void beat(long now) {
    boolean quiet = now - wroteAt >= heartbeatNanos;
    boolean idDue = now - idSettledAt >= heartbeatNanos;
    if (!quiet && !idDue) {
      return;
    }
    idSettledAt = now;
    Subscription own = subscription;
    if (own != null && hasSettledCursor() && writeCursor(own.cursor())) {
      flush();
    } else if (quiet) {
      write(WireFrame.HEARTBEAT);
      flush();
    }
  }

  /** While a snapshot is on its way, the cursor is ahead of what the client has. */
  private boolean hasSettledCursor() {
    return started
        && !stateIs(Subscription.State.ARMED)
        && !stateIs(Subscription.State.SNAPSHOT)
        && !stateIs(Subscription.State.CLOSED);
  }

  private void schedule() {
    if (ended) {
      return;
    }
    long now = settings.nanoClock().getAsLong();
    // What waits for the client is a sign of life when it comes; after that, silence counts anew.
    long quietSince = wire.isPending() ? now : Math.min(wroteAt, idSettledAt);
    long delay = Math.min(settings.beatTurn(quietSince + heartbeatNanos), endsAt) - now;
    if (expiresAt.isPresent()) {
      long due = expiryTold ? expiresAt.get() : tellsExpiryAt(expiresAt.get());
      delay = Math.min(delay, due - now);
    }
    timer = ctx.executor().schedule(this::tick, Math.max(delay, 0), TimeUnit.NANOSECONDS);
  }

  private void cancelTimer() {
    Future<?> due = timer;
    if (due != null) {
      due.cancel(false);
    }
  }
}
