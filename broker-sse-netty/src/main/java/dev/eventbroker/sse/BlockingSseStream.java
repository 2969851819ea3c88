package dev.eventbroker.sse;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Broker;
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
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Streams for servers that give each request a thread and an {@link OutputStream}: a servlet, or
 * the JDK's {@code HttpServer}. {@link #serve} writes one stream on the calling thread, which is
 * the lane of its subscription: a client that reads slowly blocks this thread and nobody else, and
 * what it misses meanwhile is its lag policy's business.
 *
 * <p>Such a server sees that a client has gone only when it writes to it, so a lost client is found
 * by one of the next two heartbeats; and only the server's own write timeout ends a write to a
 * client that never reads. {@link SseEndpoint} is better at both, and costs no thread.
 *
 * <p>One instance serves any number of clients. Needs no Netty.
 */
public final class BlockingSseStream {

  private static final CloseReason LIFETIME =
      new CloseReason("lifetime", "the maximum lifetime of a stream is over", true, true);

  /** At most this part of a heartbeat, lifetime or reconnection time is taken off it. */
  private static final double JITTER = 0.2;

  private final Broker broker;
  private final Duration heartbeat;
  private final Duration maxLifetime;
  private final Duration retry;
  private final RandomGenerator random;
  private final LongSupplier nanoClock;

  private BlockingSseStream(Builder builder) {
    this.broker = builder.broker;
    this.heartbeat = builder.heartbeat;
    this.maxLifetime = builder.maxLifetime;
    this.retry = builder.retry;
    this.random = builder.random;
    this.nanoClock = builder.nanoClock;
  }

  /** Streams of that broker's events. */
  public static Builder builder(Broker broker) {
    return new Builder(requireNonNull(broker, "broker"));
  }

  /**
   * Writes a stream until it ends: the client is gone, its lifetime is over, the thread is
   * interrupted, or the broker ends it. The caller has decided who it is and has sent the head of
   * the answer: status 200, {@link SseFrame#MEDIA_TYPE}, {@code Cache-Control: no-cache, no-store,
   * no-transform}, {@code X-Accel-Buffering: no}. The first bytes are flushed before this waits for
   * anything. The stream is left open, for it belongs to the caller; after {@link
   * CloseReason#DISCONNECTED} it takes no more bytes.
   *
   * @param request what to subscribe to; its lane is set here
   * @param owner the workstation that the client belongs to, for edit sessions
   * @param out where the client reads; used by the calling thread only
   * @return why it ended
   */
  public CloseReason serve(
      SubscribeRequest.Builder<?> request, Optional<String> owner, OutputStream out) {
    Loop loop = new Loop();
    SubscribeRequest asked = request.lane(loop).build();
    Connection connection = broker.connections().open(asked.principal(), owner);
    CloseReason reason = CloseReason.FAILED;
    try {
      reason = new Stream(loop, asked, out).run();
    } finally {
      loop.end();
      connection.close(reason);
    }
    return reason;
  }

  private long jittered(Duration duration) {
    return (long) (duration.toNanos() * (1 - JITTER * random.nextDouble()));
  }

  /** The calling thread as an executor: runs what comes until it is ended. */
  private static final class Loop implements Executor {

    // Bounded by its only submitter: a lane has one run on its way at any time.
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private volatile boolean ended;

    @Override
    public void execute(Runnable task) {
      if (ended) {
        throw new RejectedExecutionException("the stream has ended");
      }
      tasks.add(task);
    }

    /** Waits for a task and runs it; false if none came in time. */
    boolean runNext(long waitNanos) throws InterruptedException {
      Runnable task = tasks.poll(Math.max(waitNanos, 0), TimeUnit.NANOSECONDS);
      if (task == null) {
        return false;
      }
      task.run();
      return true;
    }

    void runRest() {
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
    }

    void end() {
      ended = true;
    }
  }

  /** One client. Everything happens on the calling thread. */
  private final class Stream implements Subscriber {

    private final Loop loop;
    private final SubscribeRequest request;
    private final OutputStream out;
    private final long heartbeatNanos = jittered(heartbeat);
    private final long endsAt = nanoClock.getAsLong() + jittered(maxLifetime);
    private @Nullable Subscription subscription;
    private @Nullable CloseReason ended;
    private Optional<EventId> clientId;
    private boolean started;
    private long wroteAt;
    private long idSettledAt;

    Stream(Loop loop, SubscribeRequest request, OutputStream out) {
      this.loop = loop;
      this.request = request;
      this.out = new BufferedOutputStream(out);
      this.clientId = request.lastEventId().flatMap(EventId::parse);
    }

    CloseReason run() {
      write(SseFrame.preamble(ownRetry()));
      Subscription own;
      try {
        own = broker.subscribe(request, this);
      } catch (BrokerException.Closed e) {
        flush();
        return CloseReason.SHUTDOWN;
      }
      subscription = own;
      CloseReason reason = CloseReason.FAILED;
      try {
        flush();
        reason = live(own);
      } finally {
        own.close(reason);
        // Nobody else runs this lane, and the subscription's own end happens on it.
        loop.runRest();
      }
      return reason;
    }

    private CloseReason live(Subscription own) {
      CloseReason reason = ended;
      while (reason == null) {
        step(own);
        reason = ended;
      }
      return reason;
    }

    private Duration ownRetry() {
      Duration jittered = Duration.ofNanos(jittered(retry));
      return jittered.compareTo(SseFrame.MIN_RETRY) < 0 ? SseFrame.MIN_RETRY : jittered;
    }

    private void step(Subscription own) {
      long now = nanoClock.getAsLong();
      if (now - endsAt >= 0) {
        own.close(LIFETIME);
      }
      long quietUntil = Math.min(wroteAt, idSettledAt) + heartbeatNanos;
      try {
        if (!loop.runNext(Math.min(quietUntil, endsAt) - now)) {
          beat(own);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        ended = CloseReason.SHUTDOWN;
      }
    }

    /** A sign of life; and the cursor, when it has moved past events the client does not see. */
    private void beat(Subscription own) {
      long now = nanoClock.getAsLong();
      boolean quiet = now - wroteAt >= heartbeatNanos;
      boolean idDue = now - idSettledAt >= heartbeatNanos;
      if (idDue) {
        idSettledAt = now;
      }
      if (idDue && hasSettledCursor(own) && writeCursor(own.cursor())) {
        flush();
      } else if (quiet) {
        write(SseFrame.HEARTBEAT);
        flush();
      }
    }

    private boolean hasSettledCursor(Subscription own) {
      return started
          && own.state() != Subscription.State.ARMED
          && own.state() != Subscription.State.SNAPSHOT
          && own.state() != Subscription.State.CLOSED;
    }

    @Override
    public void onSnapshot(Snapshot snapshot, EventId cursor) {
      write(SseFrame.snapshot(snapshot, cursor));
    }

    @Override
    public void onStart(EventId cursor) {
      started = true;
      var unused = writeCursor(cursor);
    }

    @Override
    public void onEvent(Delivery delivery) {
      write(delivery.encodedBy(SseFrame.EVENT));
    }

    /** Without an id while a fresh snapshot is still to come: who is lost in between needs both. */
    @Override
    public void onGap(Gap gap) {
      Subscription own = subscription;
      boolean snapshotDue =
          request.snapshot().isPresent() && own != null && own.state() == Subscription.State.ARMED;
      write(SseFrame.gap(gap, !snapshotDue));
    }

    @Override
    public void onBatchEnd() {
      flush();
    }

    @Override
    public void onClose(CloseReason reason) {
      flush();
      if (ended == null) {
        ended = reason;
      }
    }

    private boolean writeCursor(EventId cursor) {
      if (clientId.isPresent() && clientId.get().equals(cursor)) {
        return false;
      }
      write(SseFrame.cursor(cursor));
      return true;
    }

    private void write(SseFrame frame) {
      if (ended != null) {
        return;
      }
      try {
        frame.writeTo(out);
      } catch (IOException e) {
        disconnected();
        return;
      }
      wroteAt = nanoClock.getAsLong();
      if (frame.id().isPresent()) {
        clientId = frame.id();
        idSettledAt = wroteAt;
      }
    }

    private void flush() {
      if (ended != null) {
        return;
      }
      try {
        out.flush();
      } catch (IOException e) {
        disconnected();
      }
    }

    private void disconnected() {
      ended = CloseReason.DISCONNECTED;
    }
  }

  /**
   * Makes a {@link BlockingSseStream}. Every part but the broker has a default. Not safe for use by
   * several threads.
   */
  public static final class Builder {

    /** Within what proxies and browsers take for a living stream; the HTML standard says 15 s. */
    public static final Duration DEFAULT_HEARTBEAT = Duration.ofSeconds(15);

    /** Long enough to cost nothing, short enough that rights and load are looked at again. */
    public static final Duration DEFAULT_MAX_LIFETIME = Duration.ofMinutes(30);

    /** Soon enough for a person, late enough for a server that has just come back. */
    public static final Duration DEFAULT_RETRY = Duration.ofSeconds(2);

    /** Times are added in nanoseconds; nothing here is meant to last longer than a year. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private final Broker broker;
    private Duration heartbeat = DEFAULT_HEARTBEAT;
    private Duration maxLifetime = DEFAULT_MAX_LIFETIME;
    private Duration retry = DEFAULT_RETRY;
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    private LongSupplier nanoClock = System::nanoTime;

    private Builder(Broker broker) {
      this.broker = broker;
    }

    /** The longest silence of a stream; each one has a somewhat shorter one. Default: 15 s. */
    public Builder heartbeat(Duration interval) {
      heartbeat = requireBetween("heartbeat", interval, Duration.ofNanos(1), LONGEST);
      return this;
    }

    /** How long a stream lasts at most; each one up to a fifth shorter. Default: 30 min. */
    public Builder maxLifetime(Duration lifetime) {
      maxLifetime = requireBetween("maxLifetime", lifetime, Duration.ofNanos(1), LONGEST);
      return this;
    }

    /**
     * After what time clients come back at the latest, each one told one up to a fifth shorter.
     * Default: 2 s; {@link SseFrame#MIN_RETRY} to {@link SseFrame#MAX_RETRY}.
     */
    public Builder retry(Duration reconnectionTime) {
      retry = requireBetween("retry", reconnectionTime, SseFrame.MIN_RETRY, SseFrame.MAX_RETRY);
      return this;
    }

    /** Where jitter comes from; must be safe for several threads. Default: one per thread. */
    public Builder random(RandomGenerator generator) {
      random = requireNonNull(generator, "generator");
      return this;
    }

    /** Measures how long something has lasted, in nanoseconds. Default: {@link System#nanoTime}. */
    public Builder nanoClock(LongSupplier nanos) {
      nanoClock = requireNonNull(nanos, "nanos");
      return this;
    }

    /** The streams. */
    public BlockingSseStream build() {
      return new BlockingSseStream(this);
    }

    private static Duration requireBetween(
        String what, Duration value, Duration least, Duration most) {
      if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            what + ": " + value + " (expected: " + least + " to " + most + ")");
      }
      return value;
    }
  }
}
