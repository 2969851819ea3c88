package dev.eventbroker.engine;

import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.Registration;
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
import org.jspecify.annotations.Nullable;
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
  private final LongSupplier nanoClock;
  private final BrokerObserver observer;
  private final LimitedWarnings warnings;
  private volatile boolean closed;

  /** Loads on those threads, which are its own from now on. */
  SnapshotLoader(
      ThreadPoolExecutor threads,
      ScheduledExecutorService timer,
      LongSupplier nanoClock,
      BrokerObserver observer) {
    this.threads = threads;
    this.timer = timer;
    this.nanoClock = nanoClock;
    this.observer = observer;
    this.warnings = new LimitedWarnings(log, nanoClock);
  }

  /** So many threads at most, with a bounded queue; none while there is nothing to load. */
  static ThreadPoolExecutor threads(int maxThreads, String name) {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            maxThreads,
            maxThreads,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUE),
            new BrokerThreads(name + "-snapshot"));
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  /**
   * Starts a load; the end is told on a thread of the loader, on the timer's, or on the caller's if
   * refused.
   *
   * @return gives the load up, so that nobody waits behind a load for a client that is gone; its
   *     end is not told then
   */
  Registration load(String principal, Loading loading, Duration timeout, Ending ending) {
    Load load = new Load(principal, loading, timeout, ending);
    try {
      load.timeUp =
          timer.schedule(load::late, TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
      threads.execute(load);
    } catch (RejectedExecutionException e) {
      load.fail(e);
    }
    return load::giveUp;
  }

  /** One load, whose end is told by whoever comes first. */
  private final class Load implements Runnable {

    private final String principal;
    private final Loading loading;
    private final Duration timeout;
    private final Ending ending;
    private final long askedAt = nanoClock.getAsLong();
    private final AtomicBoolean told = new AtomicBoolean();
    private final FutureTask<Boolean> task = new FutureTask<>(this::load, Boolean.TRUE);
    private volatile @Nullable Future<?> timeUp;

    Load(String principal, Loading loading, Duration timeout, Ending ending) {
      this.principal = principal;
      this.loading = loading;
      this.timeout = timeout;
      this.ending = ending;
    }

    @Override
    public void run() {
      task.run();
    }

    private void load() {
      try {
        Snapshot snapshot = loading.load(timeout);
        if (snapshot == null) {
          throw new NullPointerException(
              "the snapshot source answered null (expected: a snapshot)");
        }
        if (isFirst()) {
          observer.snapshotLoaded(principal, Duration.ofNanos(nanoClock.getAsLong() - askedAt));
          ending.loaded(snapshot);
        }
      } catch (Throwable e) {
        fail(e);
      }
    }

    void giveUp() {
      if (isFirst()) {
        stop();
      }
    }

    private void stop() {
      threads.remove(this);
      task.cancel(true);
    }

    void late() {
      if (isFirst()) {
        stop();
        failed(principal, new TimeoutException("no snapshot within " + timeout), ending);
      }
    }

    void fail(Throwable cause) {
      if (isFirst()) {
        failed(principal, cause, ending);
      }
    }

    private boolean isFirst() {
      if (!told.compareAndSet(false, true)) {
        return false;
      }
      Future<?> scheduled = timeUp;
      if (scheduled != null) {
        scheduled.cancel(false);
      }
      return true;
    }
  }

  private void failed(String principal, Throwable cause, Ending ending) {
    if (closed) {
      // It was interrupted by the broker's end, which is no fault of the source; its subscription
      // ends as well.
      ending.failed();
      return;
    }
    warnings.warn("no snapshot for " + principal + ", going on with the authorised value", cause);
    observer.snapshotFallback(principal, cause);
    ending.failed();
  }

  void close() {
    closed = true;
    for (Runnable waiting : threads.shutdownNow()) {
      ((Load) waiting).fail(new BrokerException.Closed("snapshots"));
    }
  }

  /** How a load ended: one of the two, once. */
  interface Ending {

    void loaded(Snapshot snapshot);

    /** It was counted and logged; the subscriber falls back. */
    void failed();
  }
}
