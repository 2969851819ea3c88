package dev.eventbroker.sessions;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says again and again that it is time for something, until it is stopped. */
final class Recurrence {

  /** How far times are spread: the nodes of a cluster must not all ask at the same moment. */
  private static final double JITTER = 0.1;

  private static final Logger log = LoggerFactory.getLogger(Recurrence.class);

  private final ScheduledExecutorService timer;
  private final RandomGenerator random;
  private final Duration interval;
  private final Runnable task;

  private boolean stopped; // guarded by this
  private @Nullable Future<?> next; // guarded by this

  /**
   * @param task must not block
   */
  Recurrence(
      ScheduledExecutorService timer, RandomGenerator random, Duration interval, Runnable task) {
    this.timer = timer;
    this.random = random;
    this.interval = interval;
    this.task = task;
  }

  synchronized void start() {
    if (stopped) {
      return;
    }
    double factor = 1 - JITTER + 2 * JITTER * random.nextDouble();
    try {
      next = timer.schedule(this::due, (long) (interval.toNanos() * factor), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.warn(
          "the timer of the edit sessions was shut down; sweeps and roll calls have stopped", e);
    }
  }

  private void due() {
    task.run();
    start();
  }

  synchronized void stop() {
    stopped = true;
    if (next != null) {
      next.cancel(false);
    }
  }
}
