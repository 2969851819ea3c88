package dev.eventbroker.sessions;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A scheduler, and the clock with it, whose time the test turns. What is due runs on the thread
 * that turns it, in order, each at its own time. Others may schedule meanwhile.
 */
final class ManualTimer extends AbstractExecutorService
    implements ScheduledExecutorService, InstantSource {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  // Guarded by this.
  private final PriorityQueue<Task<?>> tasks =
      new PriorityQueue<>(
          Comparator.<Task<?>>comparingLong(task -> task.dueNanos)
              .thenComparingLong(task -> task.number));
  private long nowNanos;
  private long scheduled;
  private boolean shutdown;

  @Override
  public synchronized Instant instant() {
    return START.plusNanos(nowNanos);
  }

  synchronized long nanos() {
    return nowNanos;
  }

  /** How many tasks wait for their time. */
  synchronized int waiting() {
    tasks.removeIf(FutureTask::isDone);
    return tasks.size();
  }

  void advance(Duration time) {
    long until = nanos() + time.toNanos();
    for (Optional<Task<?>> due = next(until); due.isPresent(); due = next(until)) {
      due.get().run();
    }
    synchronized (this) {
      nowNanos = until;
    }
  }

  private synchronized Optional<Task<?>> next(long untilNanos) {
    Task<?> first = tasks.peek();
    if (first == null || first.dueNanos > untilNanos) {
      return Optional.empty();
    }
    nowNanos = Math.max(nowNanos, first.dueNanos);
    return Optional.of(tasks.remove());
  }

  private synchronized <V> Task<V> add(Callable<V> work, long delayNanos) {
    if (shutdown) {
      throw new RejectedExecutionException("shut down");
    }
    Task<V> task = new Task<>(work, nowNanos + Math.max(0, delayNanos), scheduled++);
    tasks.add(task);
    return task;
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
    return add(
        () -> {
          work.run();
          return null;
        },
        unit.toNanos(delay));
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> work, long delay, TimeUnit unit) {
    return add(work, unit.toNanos(delay));
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable work, long initialDelay, long period, TimeUnit unit) {
    throw new UnsupportedOperationException("not needed");
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable work, long initialDelay, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException("not needed");
  }

  @Override
  public void execute(Runnable work) {
    var unused = schedule(work, 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public synchronized void shutdown() {
    shutdown = true;
  }

  @Override
  public synchronized List<Runnable> shutdownNow() {
    shutdown = true;
    List<Runnable> never = new ArrayList<>(tasks);
    tasks.clear();
    return never;
  }

  @Override
  public synchronized boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return isShutdown();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return isShutdown();
  }

  private final class Task<V> extends FutureTask<V> implements ScheduledFuture<V> {

    private final long dueNanos;
    private final long number;

    Task(Callable<V> work, long dueNanos, long number) {
      super(work);
      this.dueNanos = dueNanos;
      this.number = number;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(dueNanos - nanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
