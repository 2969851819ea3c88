package dev.eventbroker.engine;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest.Loading;
import dev.eventbroker.runtime.BrokerThreads;
import dev.eventbroker.runtime.LimitedWarnings;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads snapshots on threads that may block, each within its time. However the load goes, its end
 * is told exactly once: a stalled database costs a subscriber its wait, and never its stream.
 */
final class SnapshotLoader {

  private static final Logger log = LoggerFactory.getLogger(SnapshotLoader.class);

  /**
   * Loads that wait for a thread; what comes beyond falls back at once, for it would be late
   * anyway.
   */
  private static final int QUEUE = 1000;

  private static final long IDLE_SECONDS = 30;

  private final ThreadPoolExecutor threads;
  private final ScheduledExecutorService timer;
  private final Counters counters;
  private final BrokerObserver observer;
  private final LimitedWarnings warnings;
  private volatile boolean closed;

  SnapshotLoader(
      int maxThreads,
      ScheduledExecutorService timer,
      LongSupplier nanoClock,
      Counters counters,
      BrokerObserver observer,
      String name) {
    this.threads =
        new ThreadPoolExecutor(
            maxThreads,
            maxThreads,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUE),
            new BrokerThreads(name + "-snapshot"));
    this.threads.allowCoreThreadTimeOut(true);
    this.timer = timer;
    this.counters = counters;
    this.observer = observer;
    this.warnings = new LimitedWarnings(log, nanoClock);
  }

  /**
   * Starts a load; the end is told on a thread of the loader, on the timer's, or on the caller's if
   * refused.
   */
  void load(String principal, Loading loading, Duration timeout, Ending ending) {
    AtomicBoolean told = new AtomicBoolean();
    FutureTask<Boolean> task =
        new FutureTask<>(
            () -> {
              try {
                Snapshot snapshot = loading.load(timeout);
                if (snapshot == null) {
                  throw new NullPointerException(
                      "the snapshot source answered null (expected: a snapshot)");
                }
                if (told.compareAndSet(false, true)) {
                  ending.loaded(snapshot);
                }
              } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                if (told.compareAndSet(false, true)) {
                  failed(principal, e, ending);
                }
              }
            },
            Boolean.TRUE);
    Future<?> timeUp =
        timer.schedule(
            () -> {
              if (told.compareAndSet(false, true)) {
                threads.remove(task);
                task.cancel(true);
                failed(principal, new TimeoutException("no snapshot within " + timeout), ending);
              }
            },
            timeout.toNanos(),
            TimeUnit.NANOSECONDS);
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      timeUp.cancel(false);
      if (told.compareAndSet(false, true)) {
        failed(principal, e, ending);
      }
    }
  }

  private void failed(String principal, Throwable cause, Ending ending) {
    if (closed) {
      // It was interrupted by the broker's end, which is no fault of the source; its subscription
      // ends as well.
      ending.failed();
      return;
    }
    counters.snapshotFallbacks.increment();
    warnings.warn("no snapshot for " + principal + ", going on with the authorised value", cause);
    observer.snapshotFallback(principal, cause);
    ending.failed();
  }

  void close() {
    closed = true;
    threads.shutdownNow();
  }

  /** How a load ended: one of the two, once. */
  interface Ending {

    void loaded(Snapshot snapshot);

    /** It was counted and logged; the subscriber falls back. */
    void failed();
  }
}
