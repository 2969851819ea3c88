package dev.eventbroker.engine;

import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest.Loading;
import dev.eventbroker.runtime.BrokerThreads;
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

/**
 * Loads snapshots on threads that may block, each within its time. However the load goes, its end
 * is told exactly once: a stalled database costs a subscriber its wait, and never its stream.
 */
final class SnapshotLoader {

  /**
   * Loads that wait for a thread; what comes beyond falls back at once, for it would be late
   * anyway.
   */
  private static final int QUEUE = 1000;

  private static final long IDLE_SECONDS = 30;

  private final ThreadPoolExecutor threads;
  private final ScheduledExecutorService timer;

  SnapshotLoader(int maxThreads, ScheduledExecutorService timer, String name) {
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
  }

  /**
   * Starts a load; the end is told on a thread of the loader, on the timer's, or on the caller's if
   * refused.
   */
  void load(Loading loading, Duration timeout, Ending ending) {
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
                  ending.failed(e);
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
                ending.failed(new TimeoutException("no snapshot within " + timeout));
              }
            },
            timeout.toNanos(),
            TimeUnit.NANOSECONDS);
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      timeUp.cancel(false);
      if (told.compareAndSet(false, true)) {
        ending.failed(e);
      }
    }
  }

  void close() {
    threads.shutdownNow();
  }

  /** How a load ended: one of the two, once. */
  interface Ending {

    void loaded(Snapshot snapshot);

    void failed(Throwable cause);
  }
}
