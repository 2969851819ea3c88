package dev.eventbroker.detached;

import dev.eventbroker.BrokerException;
import dev.eventbroker.DetachedPublisher.Task;
import dev.eventbroker.DrainReport;
import dev.eventbroker.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes detached tasks up to a bound, has them run in the order of their topics, and ends them with
 * the broker. Publishing through it is {@link DetachedView}.
 */
public final class DetachedWorkers {

  private static final Logger log = LoggerFactory.getLogger(DetachedWorkers.class);

  /** The bounds. */
  public record Limits(int threads, int maxPending, Duration taskTimeout) {}

  private final Limits limits;
  private final Surroundings around;
  private final Failures failures;
  private final Gaps gaps;
  private final Workload workload;
  private final TopicLines lines;
  private final Job.Shared shared;

  /** Starts nothing before there is work. */
  public DetachedWorkers(Limits limits, Surroundings around) {
    this.limits = limits;
    this.around = around;
    this.failures = new Failures(around);
    this.gaps = new Gaps(around.publish(), failures);
    this.workload = new Workload(limits.maxPending());
    this.lines = new TopicLines(limits.threads(), around.threads());
    this.shared = new Job.Shared(around, limits.taskTimeout(), workload, failures, gaps, lines);
  }

  <T> CompletionStage<T> submit(Topic topic, Task<T> task, Manner manner) {
    Workload.Entry entry = workload.enter();
    if (entry != Workload.Entry.TAKEN) {
      return refused(topic, entry == Workload.Entry.FULL ? full() : closed());
    }
    Job<T> job = new Job<>(topic, task, manner, shared);
    if (!lines.add(job)) {
      job.abandon();
      gaps.tell(topic, manner);
    }
    return job.stage();
  }

  Surroundings around() {
    return around;
  }

  /** An event that a task had handed on, and that its topic has not waited for. */
  void notStored(Topic topic, String type, Manner manner, Throwable failure) {
    failures.failed(topic, type + " was not published", failure);
    gaps.tell(topic, manner);
  }

  /**
   * How many tasks wait: for their turn, for their next attempt, or for what they have handed on.
   */
  public int queued() {
    return Math.max(0, workload.pending() - workload.running());
  }

  /** How many tasks run. */
  public int running() {
    return workload.running();
  }

  /** How many tasks failed for good or were refused. */
  public long failed() {
    return failures.count();
  }

  /** How many tasks the end has cut short. */
  public long abandoned() {
    return workload.abandoned();
  }

  /**
   * Refuses new tasks, tries none again, lets the others finish until the time is up, then
   * interrupts what runs and fails what waits. The second call only reports that nothing was left.
   */
  public DrainReport drain(Duration timeout) {
    if (!workload.close()) {
      return new DrainReport(0, 0);
    }
    lines.heads().forEach(Job::cutShort);
    lines.startWhatCan();
    workload.awaitDrained(timeout);
    Workload.Outcome outcome = workload.giveUp();
    lines.stop().forEach(this::abandon);
    if (outcome.abandoned() > 0) {
      log.warn("closing: {} detached tasks were abandoned after {}", outcome.abandoned(), timeout);
    }
    return new DrainReport(outcome.finished(), outcome.abandoned());
  }

  /** One gap a topic says as much as one for each task. */
  private void abandon(Collection<Job<?>> line) {
    line.forEach(Job::abandon);
    line.stream()
        .filter(job -> job.manner().tellsGaps())
        .findFirst()
        .ifPresent(job -> gaps.tell(job.topic(), job.manner()));
  }

  private BrokerException full() {
    return new BrokerException.Overloaded(
        "detached: " + limits.maxPending() + " tasks are pending already (expected: fewer)");
  }

  private static BrokerException closed() {
    return new BrokerException.Closed("detached");
  }

  private <T> CompletionStage<T> refused(Topic topic, BrokerException why) {
    failures.failed(topic, "a task was refused", why);
    return CompletableFuture.failedStage(why);
  }
}
