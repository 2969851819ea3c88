package dev.eventbroker.testing;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
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
 * A timer and a clock that stand still until the test turns them. What is due runs on the thread
 * that calls {@link #advance}, in order of time.
 */
public final class ManualTimer extends AbstractExecutorService
    implements ScheduledExecutorService, InstantSource {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final PriorityQueue<Task<?>> tasks =
      new PriorityQueue<>(
          Comparator.<Task<?>>comparingLong(task -> task.dueNanos)
              .thenComparingLong(task -> task.order));
  private long nowNanos;
  private long orders;
  private boolean stopped;

  /** The time that has passed since the start. */
  public synchronized long nanos() {
    return nowNanos;
  }

  @Override
  public synchronized Instant instant() {
    return START.plusNanos(nowNanos);
  }

  /** Turns the clock, and runs what falls due on the way at its own time. */
  public void advance(Duration by) {
    long until = nanos() + by.toNanos();
    for (Task<?> task = takeDue(until); task != null; task = takeDue(until)) {
      task.run();
    }
    synchronized (this) {
      nowNanos = until;
    }
  }

  private synchronized Task<?> takeDue(long until) {
    Task<?> first = tasks.peek();
    if (first == null || first.dueNanos > until) {
      return null;
    }
    nowNanos = Math.max(nowNanos, first.dueNanos);
    return tasks.poll();
  }

  /** How many tasks are due some day. */
  public synchronized int scheduled() {
    return tasks.size();
  }

  @Override
  public synchronized <V> ScheduledFuture<V> schedule(Callable<V> work, long delay, TimeUnit unit) {
    return add(new Task<>(work, nowNanos + unit.toNanos(delay), 0));
  }

  @Override
  public synchronized ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
    return add(new Task<>(asCallable(work), nowNanos + unit.toNanos(delay), 0));
  }

  @Override
  public synchronized ScheduledFuture<?> scheduleAtFixedRate(
      Runnable work, long initialDelay, long period, TimeUnit unit) {
    return add(
        new Task<>(asCallable(work), nowNanos + unit.toNanos(initialDelay), unit.toNanos(period)));
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable work, long initialDelay, long delay, TimeUnit unit) {
    return scheduleAtFixedRate(work, initialDelay, delay, unit);
  }

  @Override
  public void execute(Runnable work) {
    var unused = schedule(work, 0, TimeUnit.NANOSECONDS);
  }

  private synchronized <V> Task<V> add(Task<V> task) {
    if (stopped) {
      throw new RejectedExecutionException("stopped");
    }
    task.order = orders++;
    tasks.add(task);
    return task;
  }

  private synchronized boolean forget(Task<?> task) {
    return tasks.remove(task);
  }

  private static Callable<Object> asCallable(Runnable work) {
    return () -> {
      work.run();
      return true;
    };
  }

  @Override
  public synchronized void shutdown() {
    stopped = true;
    tasks.clear();
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown();
    return List.of();
  }

  @Override
  public synchronized boolean isShutdown() {
    return stopped;
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

    private final long periodNanos;
    private volatile long dueNanos;
    private long order;

    Task(Callable<V> work, long dueNanos, long periodNanos) {
      super(work);
      this.dueNanos = dueNanos;
      this.periodNanos = periodNanos;
    }

    @Override
    public void run() {
      if (periodNanos == 0) {
        super.run();
      } else if (runAndReset()) {
        dueNanos = nanos() + periodNanos;
        var unused = add(this);
      }
    }

    @Override
    public boolean cancel(boolean mayInterrupt) {
      forget(this);
      return super.cancel(mayInterrupt);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(dueNanos - nanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }
}
