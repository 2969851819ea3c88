package dev.eventbroker.detached;

import dev.eventbroker.BrokerException;
import dev.eventbroker.DetachedPublisher.Task;
import dev.eventbroker.Retry;
import dev.eventbroker.Topic;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A task from its submission to its end.
 *
 * <pre>
 *   WAITING ──► RUNNING ──► OVER
 *      ▲           │  ▲
 *      │           ▼  └─ (the outcome is there at once)
 *      ├──────── PAUSED      until its next attempt is due
 *      └──────── STORING     until what it has handed on is done
 * </pre>
 *
 * PAUSED and STORING exist only where a task is to be tried again; they hold the line of the topic,
 * but no thread. Whoever moves the state by a compare-and-set owns the other fields.
 */
final class Job<T> {

  /** Where jobs of one topic stand one behind the other. */
  interface Line {

    /** The first of its line is to run (again). */
    void ready(Job<?> job);

    /** The first of its line is over. */
    void leave(Job<?> job);
  }

  /** What all jobs share. */
  record Shared(
      Surroundings around,
      Duration taskTimeout,
      Workload workload,
      Failures failures,
      Gaps gaps,
      Line line) {}

  private enum State {
    WAITING,
    RUNNING,
    PAUSED,
    STORING,
    OVER
  }

  private final Topic topic;
  private final Task<T> task;
  private final Manner manner;
  private final Shared shared;
  private final CompletableFuture<T> result = new CompletableFuture<>();
  private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
  private volatile @Nullable Attempt attempt;
  private int attempts;
  private @Nullable HandedOn<T> handedOn;
  private @Nullable Throwable lastFailure;

  Job(Topic topic, Task<T> task, Manner manner, Shared shared) {
    this.topic = topic;
    this.task = task;
    this.manner = manner;
    this.shared = shared;
  }

  Topic topic() {
    return topic;
  }

  Manner manner() {
    return manner;
  }

  CompletionStage<T> stage() {
    return result.minimalCompletionStage();
  }

  /** Goes on with it, on a thread made for that. */
  void run() {
    Attempt next = new Attempt(shared.around, shared.taskTimeout, shared.workload::closing);
    // There before the state says RUNNING, so that whoever reads that can interrupt it.
    attempt = next;
    if (!state.compareAndSet(State.WAITING, State.RUNNING)) {
      return;
    }
    HandedOn<T> before = handedOn;
    if (before != null) {
      handedOn = null;
      settle(before);
      return;
    }
    attempts++;
    T value;
    shared.workload.begins();
    try {
      value = next.run(task);
    } catch (Throwable e) {
      // Of whatever kind: its topic's line goes on, and its stage is told.
      shared.workload.ends();
      attemptFailed(e);
      return;
    }
    shared.workload.ends();
    attemptReturned(value, next);
  }

  private void attemptReturned(T value, Attempt ended) {
    if (!(value instanceof CompletionStage<?> stage)) {
      succeed(value);
    } else if (manner.retry().isEmpty()) {
      // Handed on, to a backplane for instance, but not done: a drain waits for it.
      var unused = stage.whenComplete((done, failure) -> shared.workload.finished());
      over(() -> result.complete(value));
    } else {
      awaitOutcome(new HandedOn<>(value, stage), ended.remaining());
    }
  }

  private void awaitOutcome(HandedOn<T> outcome, Duration within) {
    if (outcome.done.isDone()) {
      settle(outcome);
      return;
    }
    handedOn = outcome;
    state.set(State.STORING);
    // An answer that never comes must not hold the topic for ever.
    outcome.giveUpAfter(within, shared.around);
    var unused =
        outcome.done.whenComplete(
            (done, failure) -> {
              if (state.compareAndSet(State.STORING, State.WAITING)) {
                shared.line.ready(this);
              }
            });
    if (shared.workload.givenUp()) {
      // Its line was given up while it still ran, and nobody would ever ask for it again.
      abandon();
    }
  }

  private void settle(HandedOn<T> outcome) {
    Throwable failure = outcome.failure();
    if (failure == null) {
      succeed(outcome.value);
    } else {
      attemptFailed(failure);
    }
  }

  private void succeed(T value) {
    shared.workload.finished();
    over(() -> result.complete(value));
  }

  private void attemptFailed(Throwable failure) {
    Throwable cause = Failures.causeOf(failure);
    if (!worthAnotherAttempt(cause)) {
      shared.workload.finished();
      over(() -> fail(cause));
    } else if (shared.workload.closing()) {
      shared.workload.cutShort();
      over(() -> fail(cause));
    } else {
      pause(manner.retry().orElseThrow(), cause);
    }
  }

  private boolean worthAnotherAttempt(Throwable cause) {
    return manner.retry().filter(retry -> attempts < retry.attempts()).isPresent()
        && Retry.mayHelp(cause);
  }

  private void pause(Retry retry, Throwable cause) {
    shared.failures.willRetry(topic, attempts, retry.attempts(), cause);
    lastFailure = cause;
    Duration delay = retry.delayAfter(attempts, shared.around.random());
    state.set(State.PAUSED);
    try {
      var unused =
          shared.around.timer().schedule(this::resume, delay.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RuntimeException e) {
      // The timer is gone, and nobody else would ever wake this.
      cutShort();
    }
    if (shared.workload.closing()) {
      cutShort();
    }
  }

  private void resume() {
    if (state.compareAndSet(State.PAUSED, State.WAITING)) {
      shared.line.ready(this);
    }
  }

  /** Ends it where it only waits to be tried again: there will be no other time. */
  void cutShort() {
    if (state.compareAndSet(State.PAUSED, State.RUNNING)) {
      shared.workload.cutShort();
      over(() -> fail(closedAfter(lastFailure)));
    }
  }

  /** No thread could be had for it. */
  void couldNotStart(Throwable cause) {
    if (state.compareAndSet(State.WAITING, State.RUNNING)) {
      HandedOn<T> before = handedOn;
      if (before != null) {
        // Needs no thread to be known: what is stored must not be stored again.
        handedOn = null;
        settle(before);
        return;
      }
      attempts++;
      attemptFailed(new BrokerException("detached: no thread could be started", cause));
    }
  }

  /**
   * Ends it with the broker, where it is reported already and the gap is told for the whole line. A
   * task that runs is interrupted, and ends by itself.
   */
  void abandon() {
    if (state.compareAndSet(State.WAITING, State.OVER)
        || state.compareAndSet(State.PAUSED, State.OVER)
        || state.compareAndSet(State.STORING, State.OVER)) {
      shared.workload.leave();
      BrokerException closed = closedAfter(lastFailure);
      shared.failures.failed(topic, "a task was abandoned", closed);
      result.completeExceptionally(closed);
      return;
    }
    Attempt running = attempt;
    if (running != null && state.get() == State.RUNNING) {
      running.interrupt();
    }
  }

  private static BrokerException closedAfter(@Nullable Throwable lastFailure) {
    BrokerException closed = new BrokerException.Closed("detached");
    if (lastFailure != null) {
      closed.addSuppressed(lastFailure);
    }
    return closed;
  }

  /** Its stage is told before the next of its topic begins. */
  private void over(Runnable tellStage) {
    state.set(State.OVER);
    tellStage.run();
    shared.line.leave(this);
  }

  /**
   * Tells of the failure before it completes the stage: whoever waits for the stage finds it
   * counted, and the gap in the log.
   */
  private void fail(Throwable cause) {
    shared.failures.failed(topic, "a task failed", cause);
    shared.gaps.tell(topic, manner);
    result.completeExceptionally(cause);
  }

  /** What a task returned that is not done yet, and how that ends. */
  private static final class HandedOn<T> {

    private final T value;
    private final CompletableFuture<Boolean> done = new CompletableFuture<>();

    HandedOn(T value, CompletionStage<?> stage) {
      this.value = value;
      var unused =
          stage.whenComplete(
              (outcome, failure) -> {
                if (failure == null) {
                  done.complete(true);
                } else {
                  done.completeExceptionally(failure);
                }
              });
    }

    void giveUpAfter(Duration time, Surroundings around) {
      try {
        var timeUp =
            around
                .timer()
                .schedule(
                    () ->
                        done.completeExceptionally(
                            new TimeoutException("not known to be done in its time")),
                    TimeUnit.NANOSECONDS.convert(time),
                    TimeUnit.NANOSECONDS);
        var unused = done.whenComplete((outcome, failure) -> timeUp.cancel(false));
      } catch (RuntimeException e) {
        done.completeExceptionally(e);
      }
    }

    /** Of one that is done. */
    @Nullable Throwable failure() {
      return done.handle((outcome, failure) -> failure).join();
    }
  }
}
