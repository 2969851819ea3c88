package dev.eventbroker.benchmarks.sse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Opens connections to one server, publishes to it, and receives: everything on the thread that
 * calls it, with one selector and one buffer, so that it takes as little as it can of the machine
 * that it shares with the server.
 */
final class LoadDriver implements AutoCloseable {

  /** How many connections may wait for their headers at a time. */
  static final int OPENING_AT_ONCE = 64;

  /** One that has waited for this long no longer holds up the others. */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** The same once it is clear that this server sends no headers before its first event. */
  private static final long NO_PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final Duration HEADERS_WITHIN = Duration.ofSeconds(2);
  private static final Duration HEADERS_WITH_EVENT_WITHIN = Duration.ofSeconds(5);

  /** What has not come by then is lost. */
  private static final Duration DRAINED_WITHIN = Duration.ofSeconds(5);

  /** A closed loop in which nothing has come for this long is over. */
  private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long LONGEST_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final int BUFFER_BYTES = 256 * 1024;

  private final InetSocketAddress server;
  private final Payloads payloads;
  private final Selector selector;
  private final Publisher publisher;
  private final List<ReaderGroup> groups = new ArrayList<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final byte[] bytes = new byte[BUFFER_BYTES];
  private final Consumer<SelectionKey> onReady = this::ready;

  /** Publishing by the clock: every so many nanoseconds, or 0 for not at all. */
  private long intervalNanos;

  private long dueNanos;
  private Runnable watch = () -> {};
  private long watchNanos = System.nanoTime();

  /**
   * Connects to publish.
   *
   * @param linesPerPost whether the server takes each line of a request as an event
   */
  LoadDriver(InetSocketAddress server, boolean linesPerPost, Payloads payloads) {
    this.server = server;
    this.payloads = payloads;
    try {
      this.selector = Selector.open();
      this.publisher = new Publisher(selector, server, payloads, linesPerPost);
    } catch (IOException e) {
      throw new UncheckedIOException("can't connect to " + server, e);
    }
  }

  /** Returns a group with nobody in it yet. */
  ReaderGroup group() {
    ReaderGroup group = new ReaderGroup(payloads);
    groups.add(group);
    return group;
  }

  /** Has something looked at five times a second, or a little less often, while it works. */
  void watch(Runnable newWatch) {
    watch = newWatch;
  }

  /**
   * Opens connections, at most {@value #OPENING_AT_ONCE} of which wait for their headers at a time.
   *
   * @param process the server's, for what they cost it
   */
  Opening open(ReaderGroup group, int count, IntFunction<Origin> origins, ProcessFigures process) {
    group.headers.reset();
    double cpuBefore = process.cpuSeconds();
    long start = System.nanoTime();
    Deque<Reader> waiting = new ArrayDeque<>();
    int overdue = 0;
    int opened = 0;
    while (opened < count || !waiting.isEmpty()) {
      while (opened < count && waiting.size() < OPENING_AT_ONCE) {
        waiting.add(connect(group, origins.apply(opened)));
        opened++;
      }
      poll(LONGEST_POLL_NANOS);
      boolean hopeless = overdue >= OPENING_AT_ONCE && group.headers.getTotalCount() == 0;
      long latest = System.nanoTime() - (hopeless ? NO_PATIENCE_NANOS : PATIENCE_NANOS);
      int before = waiting.size();
      waiting.removeIf(reader -> !reader.waits());
      int answered = before - waiting.size();
      waiting.removeIf(reader -> reader.startedNanos() < latest);
      overdue += before - answered - waiting.size();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    await(HEADERS_WITHIN, () -> group.waiting() == 0);
    long withoutHeaders = group.waiting();
    double cpuMicros = (process.cpuSeconds() - cpuBefore) * 1e6 / count;
    Opening opening = new Opening(group.headers.copy(), seconds, withoutHeaders, cpuMicros);
    if (withoutHeaders > 0) {
      publish(1, System.nanoTime());
      await(HEADERS_WITH_EVENT_WITHIN, () -> group.waiting() == 0 && publisher.idle());
    }
    if (group.refused() > 0 || group.waiting() > 0) {
      throw new IllegalStateException(
          group.refused()
              + " connections were refused: "
              + group.refusal()
              + "; "
              + group.waiting()
              + " got no answer");
    }
    return opening;
  }

  /** Starts one connection; nobody waits for it. */
  Reader connect(ReaderGroup group, Origin origin) {
    try {
      Reader reader = new Reader(group, selector, server, origin);
      group.add(reader);
      return reader;
    } catch (IOException e) {
      throw new UncheckedIOException("can't open a connection", e);
    }
  }

  /**
   * Publishes when every connection has what was published before, and the server has answered.
   *
   * @param burst how many events at a time
   * @return whether it went on to the end; if not, something did not come
   */
  boolean closedLoop(Duration duration, int burst) {
    long end = System.nanoTime() + duration.toNanos();
    return closedLoop(burst, () -> System.nanoTime() >= end);
  }

  /** The same until it is told to end. */
  boolean closedLoop(int burst, Condition ends) {
    long progressNanos = System.nanoTime();
    long before = -1;
    while (!ends.holds()) {
      long awaited = awaited();
      if (awaited <= 0 && publisher.idle()) {
        publish(burst, System.nanoTime());
        awaited = awaited();
      }
      poll(LONGEST_POLL_NANOS);
      if (awaited != before) {
        before = awaited;
        progressNanos = System.nanoTime();
      } else if (System.nanoTime() - progressNanos > STUCK_NANOS) {
        return false;
      }
    }
    return drain();
  }

  /** Publishes by the clock, each event as of the moment when it is due, and waits for the rest. */
  boolean openLoop(Duration duration, int eventsPerSecond) {
    publishEvery(Duration.ofSeconds(1).dividedBy(eventsPerSecond));
    run(duration);
    return stopPublishing();
  }

  /** Publishes by the clock from now on, whatever else is done. */
  void publishEvery(Duration interval) {
    intervalNanos = interval.toNanos();
    dueNanos = System.nanoTime() + intervalNanos;
  }

  /** Publishes no longer by the clock, and waits for what is still to come. */
  boolean stopPublishing() {
    intervalNanos = 0;
    return drain();
  }

  /** Publishes now, and waits for nothing. */
  void publish(int events, long nanos) {
    publisher.publish(events, nanos);
    for (int i = 0; i < groups.size(); i++) {
      groups.get(i).published(events);
    }
  }

  /** Does what there is to do at this moment. */
  void look() {
    poll(0);
  }

  /** Does what there is to do for that long. */
  void run(Duration duration) {
    var unused = await(duration, () -> false);
  }

  /** Does what there is to do until this holds. Returns whether it does within that time. */
  boolean await(Duration atMost, Condition condition) {
    long end = System.nanoTime() + atMost.toNanos();
    while (!condition.holds()) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      poll(Math.min(left, LONGEST_POLL_NANOS));
    }
    return true;
  }

  /** Waits until all that was published has come. */
  boolean drain() {
    return await(DRAINED_WITHIN, () -> awaited() <= 0 && publisher.idle());
  }

  private long awaited() {
    long sum = 0;
    for (int i = 0; i < groups.size(); i++) {
      sum += groups.get(i).tally.awaited;
    }
    return sum;
  }

  private void poll(long timeoutNanos) {
    long now = System.nanoTime();
    if (now >= watchNanos) {
      watchNanos = now + WATCH_NANOS;
      watch.run();
    }
    long timeout = timeoutNanos;
    if (intervalNanos > 0) {
      if (now >= dueNanos && publisher.idle()) {
        publish(1, dueNanos);
        dueNanos += intervalNanos;
      }
      timeout = Math.min(timeout, Math.max(0, dueNanos - now));
    }
    try {
      // A selector waits for whole milliseconds; what is less goes by in looking.
      long millis = TimeUnit.NANOSECONDS.toMillis(timeout);
      if (millis == 0) {
        selector.selectNow(onReady);
      } else {
        selector.select(onReady, millis);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("can't wait for sockets", e);
    }
  }

  private void ready(SelectionKey key) {
    ((Ready) key.attachment()).ready(buffer, bytes);
  }

  /** Closes every connection. */
  @Override
  public void close() {
    for (ReaderGroup group : groups) {
      group.vanish(0, group.readers().size());
    }
    publisher.close();
    try {
      selector.close();
    } catch (IOException e) {
      throw new UncheckedIOException("can't close the selector", e);
    }
  }

  /** Something that is or is not so; asked again and again, so it had better be cheap. */
  @FunctionalInterface
  interface Condition {
    boolean holds();
  }
}
