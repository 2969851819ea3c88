package dev.eventbroker.detached;

import dev.eventbroker.DetachedPublisher.Task;
import dev.eventbroker.EventId;
import dev.eventbroker.Message;
import dev.eventbroker.PublishContext;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of a task within its time, and what the task sees of the broker meanwhile. Interrupts
 * nothing but its own run.
 */
final class Attempt implements PublishContext {

  private final Surroundings around;
  private final Duration timeout;
  private final BooleanSupplier closing;
  private final long startedNanos;

  // Guarded by this.
  private @Nullable Thread runner;
  private boolean interrupted;

  Attempt(Surroundings around, Duration timeout, BooleanSupplier closing) {
    this.around = around;
    this.timeout = timeout;
    this.closing = closing;
    this.startedNanos = around.nanoClock().getAsLong();
  }

  <T> T run(Task<T> task) throws Exception {
    begin();
    try {
      return runInTime(task);
    } finally {
      end();
    }
  }

  private <T> T runInTime(Task<T> task) throws Exception {
    Future<?> timeUp =
        around
            .timer()
            .schedule(this::interrupt, TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
    try {
      return task.run(this);
    } finally {
      timeUp.cancel(false);
    }
  }

  private synchronized void begin() {
    runner = Thread.currentThread();
    if (interrupted) {
      runner.interrupt();
    }
  }

  /** Interrupts the run, or as soon as it begins. */
  synchronized void interrupt() {
    interrupted = true;
    if (runner != null) {
      runner.interrupt();
    }
  }

  /** An interrupt that was meant for the task must not hit what hangs on its stage. */
  private void end() {
    synchronized (this) {
      runner = null;
    }
    var unused = Thread.interrupted();
  }

  @Override
  public CompletionStage<EventId> publish(Message message) {
    return around.publish().apply(message);
  }

  @Override
  public Duration remaining() {
    Duration spent = Duration.ofNanos(around.nanoClock().getAsLong() - startedNanos);
    Duration left = timeout.minus(spent);
    return left.isNegative() ? Duration.ZERO : left;
  }

  @Override
  public boolean shuttingDown() {
    return closing.getAsBoolean();
  }
}
