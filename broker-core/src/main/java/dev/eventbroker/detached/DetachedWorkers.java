package dev.eventbroker.detached;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Audience;
import dev.eventbroker.AudienceResolver;
import dev.eventbroker.BrokerException;
import dev.eventbroker.DetachedPublisher;
import dev.eventbroker.DrainReport;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.PublishContext;
import dev.eventbroker.Topic;
import dev.eventbroker.runtime.BrokerThreads;
import dev.eventbroker.runtime.LimitedWarnings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs detached tasks. Each topic with work has a line of jobs; a worker takes the first job of a
 * line, runs it, and puts the line back at the end of the workers' queue, so a topic with much work
 * does not hold up the others. A line is in that queue at most once, which is what keeps a topic's
 * jobs in order.
 *
 * <p>A line appears and disappears within atomic steps of {@link #lines}; its queue is touched only
 * there.
 */
public final class DetachedWorkers implements DetachedPublisher {

  private static final Logger log = LoggerFactory.getLogger(DetachedWorkers.class);

  /** The bounds. */
  public record Limits(int threads, int maxPending, Duration taskTimeout) {}

  private final Limits limits;
  private final Function<Event, CompletionStage<EventId>> publish;
  private final Supplier<Set<String>> connected;
  private final BiConsumer<Topic, Throwable> observer;
  private final ScheduledExecutorService timer;
  private final LongSupplier nanoClock;
  private final LimitedWarnings warnings;
  private final ExecutorService workers;

  private final ConcurrentHashMap<Topic, Queue<Job<?>>> lines = new ConcurrentHashMap<>();
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final LongAdder failures = new LongAdder();
  private final CompletableFuture<@Nullable Void> drained = new CompletableFuture<>();
  private volatile boolean closing;

  /**
   * Ended tasks since closing began; counted in one step with {@link #pending}, under this object's
   * lock.
   */
  private long finishedWhileClosing;

  /** Workers that publish by that function; nothing is started before there is work. */
  public DetachedWorkers(
      Limits limits,
      Function<Event, CompletionStage<EventId>> publish,
      Supplier<Set<String>> connected,
      BiConsumer<Topic, Throwable> observer,
      ScheduledExecutorService timer,
      LongSupplier nanoClock,
      String name) {
    this.limits = limits;
    this.publish = publish;
    this.connected = connected;
    this.observer = observer;
    this.timer = timer;
    this.nanoClock = nanoClock;
    this.warnings = new LimitedWarnings(log, nanoClock);
    this.workers =
        Executors.newFixedThreadPool(limits.threads(), new BrokerThreads(name + "-detached"));
  }

  @Override
  public CompletionStage<EventId> publish(Event event) {
    requireNonNull(event, "event");
    return published(event, context -> context.publish(event));
  }

  @Override
  public CompletionStage<EventId> publish(Event event, AudienceResolver resolver) {
    requireNonNull(event, "event");
    requireNonNull(resolver, "resolver");
    return published(
        event,
        context -> {
          Audience audience = resolver.resolve(context, event, connected.get());
          // A resolver that forgot to answer did not say "nobody".
          requireNonNull(audience, "audience");
          return context.publish(event.withAudience(audience));
        });
  }

  @Override
  public <T> CompletionStage<T> submit(Topic topic, Task<T> task) {
    requireNonNull(topic, "topic");
    requireNonNull(task, "task");
    Job<T> job = new Job<>(topic, task);
    if (pending.incrementAndGet() > limits.maxPending()) {
      ended(1);
      return refused(
          job,
          new BrokerException.Overloaded(
              "detached: " + limits.maxPending() + " tasks are pending already (expected: fewer)"));
    }
    if (closing) {
      ended(1);
      return refused(job, new BrokerException.Closed("detached"));
    }
    boolean[] first = {false};
    lines.compute(
        topic,
        (same, line) -> {
          Queue<Job<?>> queue = line == null ? new ArrayDeque<>() : line;
          first[0] = line == null;
          queue.add(job);
          return queue;
        });
    if (first[0]) {
      schedule(topic);
    }
    if (workers.isShutdown()) {
      // It may have come after drain() had been through the lines.
      abandonWaiting(topic);
    }
    return job.result.minimalCompletionStage();
  }

  /** How many tasks wait: for their turn, or for what they have handed on to be done. */
  public int queued() {
    return Math.max(0, pending.get() - running.get());
  }

  /** How many tasks run. */
  public int running() {
    return running.get();
  }

  /** How many tasks failed or were refused. */
  public long failed() {
    return failures.sum();
  }

  /**
   * Refuses new tasks, lets the old ones finish until the time is up, then interrupts what runs and
   * fails what waits. The second call only reports that nothing was left.
   */
  public DrainReport drain(Duration timeout) {
    boolean again = closing;
    closing = true;
    if (again) {
      return new DrainReport(0, 0);
    }
    ended(0);
    awaitDrained(timeout);
    long finished;
    int abandoned;
    synchronized (this) {
      finished = finishedWhileClosing;
      abandoned = pending.get();
    }
    workers.shutdownNow();
    lines.keySet().forEach(this::abandonWaiting);
    if (abandoned > 0) {
      log.warn("closing: {} detached tasks were abandoned after {}", abandoned, timeout);
    }
    return new DrainReport(finished, abandoned);
  }

  private void abandonWaiting(Topic topic) {
    List<Job<?>> never = new ArrayList<>();
    lines.computeIfPresent(
        topic,
        (same, line) -> {
          never.addAll(line);
          line.clear();
          return line;
        });
    never.forEach(job -> job.abandon(new BrokerException.Closed("detached")));
  }

  private void awaitDrained(Duration timeout) {
    try {
      drained.get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      log.debug("not drained in {}", timeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new AssertionError("only ever completed normally", e);
    }
  }

  /**
   * A task that hands an event on; it has failed as well when the event could not be stored later.
   */
  private CompletionStage<EventId> published(Event event, Task<CompletionStage<EventId>> task) {
    return submit(event.topic(), task)
        .thenCompose(
            stored ->
                stored.whenComplete(
                    (id, failure) -> {
                      if (failure != null) {
                        failed(event.topic(), event.type() + " was not published", failure);
                      }
                    }));
  }

  private void schedule(Topic topic) {
    try {
      workers.execute(() -> runFirstOf(topic));
    } catch (RejectedExecutionException e) {
      log.debug("the workers were stopped; drain() fails what is left on {}", topic);
    }
  }

  private void runFirstOf(Topic topic) {
    List<Job<?>> taken = new ArrayList<>(1);
    lines.computeIfPresent(
        topic,
        (same, line) -> {
          Job<?> first = line.peek();
          if (first != null) {
            taken.add(first);
          }
          return line;
        });
    for (Job<?> job : taken) {
      job.run();
      if (leaveLine(topic, job)) {
        schedule(topic);
      }
    }
  }

  /** Takes a job that has run off its line; says whether others wait behind it. */
  private boolean leaveLine(Topic topic, Job<?> job) {
    Queue<Job<?>> left =
        lines.computeIfPresent(
            topic,
            (same, line) -> {
              line.remove(job);
              return line.isEmpty() ? null : line;
            });
    return left != null;
  }

  private synchronized void finished() {
    if (closing) {
      finishedWhileClosing++;
    }
    ended(1);
  }

  private void ended(int jobs) {
    if (pending.addAndGet(-jobs) == 0 && closing) {
      drained.complete(null);
    }
  }

  private <T> CompletionStage<T> refused(Job<T> job, BrokerException why) {
    failed(job.topic, "a detached task was refused", why);
    return CompletableFuture.failedStage(why);
  }

  private void failed(Topic topic, String what, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    failures.increment();
    warnings.warn("detached: " + what + " (topic " + topic + ")", cause);
    try {
      observer.accept(topic, cause);
    } catch (Throwable e) {
      log.warn("the observer threw", e);
    }
  }

  /** One task, and what it may see of the broker while it runs. */
  private final class Job<T> implements PublishContext {

    private final Topic topic;
    private final Task<T> task;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final AtomicBoolean begun = new AtomicBoolean();
    private long startedNanos;
    private @Nullable Thread runner; // guarded by this

    Job(Topic topic, Task<T> task) {
      this.topic = topic;
      this.task = task;
    }

    void run() {
      if (!begun.compareAndSet(false, true)) {
        return;
      }
      startedNanos = nanoClock.getAsLong();
      running.incrementAndGet();
      begin();
      T value;
      try {
        value = runInTime();
      } catch (Throwable e) {
        // Of whatever kind: its topic's line goes on, and its stage is told.
        leave();
        finished();
        fail(e);
        return;
      }
      leave();
      if (value instanceof CompletionStage<?> outcome) {
        // Handed on, to a backplane for instance, but not done: a drain waits for it.
        var unused = outcome.whenComplete((done, failure) -> finished());
      } else {
        finished();
      }
      result.complete(value);
    }

    private T runInTime() throws Exception {
      Future<?> timeUp =
          timer.schedule(
              this::interrupt,
              TimeUnit.NANOSECONDS.convert(limits.taskTimeout()),
              TimeUnit.NANOSECONDS);
      try {
        return task.run(this);
      } finally {
        timeUp.cancel(false);
      }
    }

    private synchronized void begin() {
      runner = Thread.currentThread();
    }

    private synchronized void interrupt() {
      if (runner != null) {
        runner.interrupt();
      }
    }

    /** Counted before its stage is told: whoever waits for the stage finds nothing running. */
    private void leave() {
      synchronized (this) {
        runner = null;
      }
      // An interrupt meant for this task must hit neither its stage's dependents nor the next one.
      boolean wasInterrupted = Thread.interrupted();
      if (wasInterrupted) {
        log.debug("a detached task on {} was interrupted", topic);
      }
      running.decrementAndGet();
    }

    /** It will not run. One that runs already ends by itself, for it was interrupted. */
    void abandon(Throwable cause) {
      if (begun.compareAndSet(false, true)) {
        ended(1);
        fail(cause);
      }
    }

    /**
     * Tells of the failure before it completes the stage: whoever waits for the stage finds it
     * counted.
     */
    private void fail(Throwable cause) {
      failed(topic, "a task failed", cause);
      result.completeExceptionally(cause);
    }

    @Override
    public CompletionStage<EventId> publish(Event event) {
      return publish.apply(event);
    }

    @Override
    public Duration remaining() {
      Duration spent = Duration.ofNanos(nanoClock.getAsLong() - startedNanos);
      Duration left = limits.taskTimeout().minus(spent);
      return left.isNegative() ? Duration.ZERO : left;
    }

    @Override
    public boolean shuttingDown() {
      return closing;
    }
  }
}
