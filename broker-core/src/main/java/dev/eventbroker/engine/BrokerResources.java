package dev.eventbroker.engine;

import dev.eventbroker.runtime.BrokerThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of one broker: a timer, and lanes for subscribers that bring none. Stops what it
 * started.
 */
final class BrokerResources {

  private static final Logger log = LoggerFactory.getLogger(BrokerResources.class);

  /**
   * How far ticks are spread, so that the nodes of a cluster don't all ask the database at the same
   * moment.
   */
  private static final double JITTER = 0.1;

  /**
   * Closing waits this long for the last notifications of subscribers on the broker's own lanes.
   */
  private static final long LANES_END_MILLIS = 1000;

  private final ScheduledExecutorService timer;
  private final boolean ownTimer;
  private final ThreadPoolExecutor snapshotThreads;
  private final List<OwnLane> lanes = new ArrayList<>();
  private final AtomicInteger nextLane = new AtomicInteger();
  private volatile boolean closed;
  private final List<Ticks> ticks = new CopyOnWriteArrayList<>();

  BrokerResources(
      String name,
      Optional<ScheduledExecutorService> given,
      int laneCount,
      ThreadPoolExecutor snapshotThreads) {
    this.snapshotThreads = snapshotThreads;
    ownTimer = given.isEmpty();
    timer = given.orElseGet(() -> ownTimer(name));
    for (int i = 0; i < laneCount; i++) {
      lanes.add(new OwnLane(name + "-lane" + (i + 1)));
    }
  }

  private static ScheduledExecutorService ownTimer(String name) {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(1, new BrokerThreads(name + "-timer"));
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  ScheduledExecutorService timer() {
    return timer;
  }

  /** For the loader, which stops them. */
  ThreadPoolExecutor snapshotThreads() {
    return snapshotThreads;
  }

  /** Whether that is the thread of one of its lanes. */
  boolean owns(Executor executor) {
    return lanes.stream().anyMatch(lane -> lane.executor == executor);
  }

  Executor nextLane() {
    return lanes.get(Math.floorMod(nextLane.getAndIncrement(), lanes.size())).executor;
  }

  /**
   * Runs the work again and again, each time after the interval give or take a tenth, until this is
   * closed.
   */
  void every(Duration interval, RandomGenerator random, Runnable work) {
    Ticks regular = new Ticks(interval, random, work);
    ticks.add(regular);
    regular.scheduleNext();
  }

  void close() {
    closed = true;
    ticks.forEach(Ticks::cancel);
    lanes.forEach(lane -> lane.executor.shutdown());
    long patience = LANES_END_MILLIS;
    for (OwnLane lane : lanes) {
      // A lane that closes the broker ends by itself, after what it is doing.
      if (!lane.isCurrentThread() && !lane.awaitEnd(patience)) {
        patience = 0;
      }
    }
    if (ownTimer) {
      timer.shutdownNow();
    }
  }

  /** One kind of work that comes again and again. */
  private final class Ticks {

    private final Duration interval;
    private final RandomGenerator random;
    private final Runnable work;
    private volatile @Nullable Future<?> next;

    Ticks(Duration interval, RandomGenerator random, Runnable work) {
      this.interval = interval;
      this.random = random;
      this.work = work;
    }

    void scheduleNext() {
      if (closed) {
        return;
      }
      double factor = 1 - JITTER + 2 * JITTER * random.nextDouble();
      long delay = (long) (interval.toNanos() * factor);
      try {
        next = timer.schedule(this::run, delay, TimeUnit.NANOSECONDS);
        if (closed) {
          cancel();
        }
      } catch (RejectedExecutionException e) {
        log.debug("the timer was stopped");
      }
    }

    private void run() {
      if (closed) {
        return;
      }
      try {
        work.run();
      } catch (Throwable e) {
        log.warn("a periodic task threw", e);
      }
      scheduleNext();
    }

    void cancel() {
      Future<?> scheduled = next;
      if (scheduled != null) {
        scheduled.cancel(false);
      }
    }
  }

  /** A thread of the broker for subscribers, and which one it is. */
  private static final class OwnLane {

    final ExecutorService executor;
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();

    OwnLane(String name) {
      BrokerThreads threads = new BrokerThreads(name);
      executor =
          Executors.newSingleThreadExecutor(
              work -> {
                Thread made = threads.newThread(work);
                thread.set(made);
                return made;
              });
    }

    boolean isCurrentThread() {
      return Thread.currentThread() == thread.get();
    }

    /** An interrupt of the caller is kept for later: it must not cost subscribers their end. */
    boolean awaitEnd(long millis) {
      boolean interrupted = Thread.interrupted();
      try {
        while (true) {
          try {
            if (executor.awaitTermination(millis, TimeUnit.MILLISECONDS)) {
              return true;
            }
            log.warn("a subscriber blocks a lane of the broker; its thread is interrupted");
            // What waits behind it is run here, for there are subscriptions to be ended in it.
            executor.shutdownNow().forEach(Runnable::run);
            return false;
          } catch (InterruptedException e) {
            interrupted = true;
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
