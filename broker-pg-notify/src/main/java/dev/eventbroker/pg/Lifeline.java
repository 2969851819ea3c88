package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import dev.eventbroker.runtime.BrokerThreads;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that keeps one connection: it opens it, works on it until it fails, waits, and opens
 * another one. No other thread ever talks to the database over it; others may {@link #stop} it, and
 * destroy the sockets below it.
 *
 * <p>The first attempt is the caller's: if it fails, the thread ends, and {@link #ready} says why;
 * unless it is lazy, when the first attempt is like any other. Afterwards it goes on until it is
 * stopped, telling the log once that the connection is lost and once that it is back.
 */
final class Lifeline {

  /** What is done with a connection. Called on the lifeline's thread. */
  interface Work {

    /** Works until {@link Lifeline#stopping}, or until it throws. */
    void on(Link link, Lifeline lifeline) throws SQLException, InterruptedException;

    /** The connection has proven itself. */
    default void proven() {}

    /** The connection failed, after it had proven itself. */
    default void lost() {}
  }

  private static final Logger log = LoggerFactory.getLogger(Lifeline.class);

  /** Soon enough for a passing fault not to be noticed, and seldom enough for a long one. */
  private static final Backoff BACKOFF =
      new Backoff(Duration.ofMillis(100), Duration.ofSeconds(30));

  private final String name;
  private final ConnectionSettings settings;
  private final Properties properties;
  private final Work work;
  private final LongSupplier nanoClock;
  private final RandomGenerator random;
  private final boolean lazy;
  private final Thread thread;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();

  // The lifeline's thread.
  private int failures;
  private long lostAt;

  // Any thread.
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition stopped = lock.newCondition();
  private volatile boolean stopping;
  private volatile boolean up;
  private final LongAdder reconnects = new LongAdder();
  private volatile @Nullable Link current;
  private volatile String lastFailure = "";

  Lifeline(
      String name,
      ConnectionSettings settings,
      Properties properties,
      Work work,
      LongSupplier nanoClock,
      RandomGenerator random,
      boolean lazy) {
    this.name = name;
    this.settings = settings;
    this.properties = properties;
    this.work = work;
    this.nanoClock = nanoClock;
    this.random = random;
    this.lazy = lazy;
    this.thread = new BrokerThreads(name).newThread(this::run);
  }

  void start() {
    thread.start();
  }

  /** Completes when the connection has first proven itself, or with why it could not. */
  CompletableFuture<Void> ready() {
    return ready;
  }

  // ---- The lifeline's thread

  private void run() {
    while (!stopping) {
      Link link = new Link(nanoClock);
      current = link;
      try (link) {
        attempt(link);
      }
      current = null;
      if (!lazy && (!ready.isDone() || ready.isCompletedExceptionally())) {
        break;
      }
      pause();
    }
    ready.completeExceptionally(new BrokerException.Closed(name));
  }

  private void attempt(Link link) {
    try {
      if (!stopping) {
        link.open(settings, name, properties);
        work.on(link, this);
      }
    } catch (InterruptedException e) {
      // Only stop() interrupts.
      log.debug("{} was stopped", name);
    } catch (SQLException | RuntimeException | Error e) {
      // Of an error too, for without this thread nobody would ever connect again.
      failed(link, e);
    } finally {
      up = false;
    }
  }

  /** The connection does what it is for: whatever was wrong before is over. */
  void proven() {
    if (failures > 0) {
      long millis = TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - lostAt);
      log.info(
          "{}: connected to {} again, after {} attempts in {} ms",
          name,
          settings.place(),
          failures,
          millis);
      reconnects.increment();
    }
    failures = 0;
    lastFailure = "";
    up = true;
    ready.complete(null);
    work.proven();
  }

  private void failed(Link link, Throwable cause) {
    if (stopping) {
      log.debug("{} ended while it was stopped", name, cause);
      return;
    }
    String reason = link.destroyedFor();
    lastFailure = reason != null ? reason : ConnectFailure.describe(cause);
    if (!lazy && !ready.isDone()) {
      ready.completeExceptionally(
          new BrokerException(
              name + ": can't use " + settings.place() + ": " + lastFailure, cause));
      return;
    }
    failures++;
    if (failures == 1) {
      lostAt = nanoClock.getAsLong();
      log.warn(
          "{}: {} {}, trying again: {}",
          name,
          ready.isDone() ? "lost the connection to" : "can't use",
          settings.place(),
          lastFailure);
      work.lost();
    } else {
      log.debug("{}: attempt {} failed", name, failures, cause);
    }
  }

  private void pause() {
    long left = failures == 0 ? 0 : BACKOFF.nanosAfter(failures, random);
    lock.lock();
    try {
      while (!stopping && left > 0) {
        left = stopped.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      log.debug("{} was stopped", name);
    } finally {
      lock.unlock();
    }
  }

  boolean stopping() {
    return stopping;
  }

  // ---- Any thread

  String name() {
    return name;
  }

  /** Whether the connection has proven itself and not failed since. */
  boolean isUp() {
    return up;
  }

  /** How often the connection was lost and got back. */
  long reconnects() {
    return reconnects.sum();
  }

  /** Why it is not up; empty if it never failed, or is back. */
  String lastFailure() {
    return lastFailure;
  }

  /** Destroys a connection that does not answer. Called by the watchdog. */
  void check() {
    Link link = current;
    if (link != null) {
      link.destroyIfOverdue();
    }
  }

  /** There is reason to doubt the other end. */
  void hurry(Duration limit) {
    Link link = current;
    if (link != null) {
      link.hurry(limit);
    }
  }

  /** Asks the thread to end. Work in hand is finished; a connection in the making is given up. */
  void stop() {
    lock.lock();
    try {
      stopping = true;
      stopped.signalAll();
    } finally {
      lock.unlock();
    }
    Link link = current;
    if (link != null && !link.isOpen()) {
      link.destroy("stopped");
      // It may be asking for an address or a password, where no socket can be closed.
      thread.interrupt();
    }
  }

  /** Does not wait for anybody: whatever the thread is doing with the connection fails now. */
  void destroy(String reason) {
    Link link = current;
    if (link != null) {
      link.destroy(reason);
    }
    thread.interrupt();
  }

  /** Whether the thread has ended within that time. */
  boolean awaitEnd(long nanos) throws InterruptedException {
    if (thread == Thread.currentThread() || thread.getState() == Thread.State.NEW) {
      return true;
    }
    thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
    return !thread.isAlive();
  }
}
