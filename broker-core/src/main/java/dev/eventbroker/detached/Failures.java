package dev.eventbroker.detached;

import dev.eventbroker.Topic;
import dev.eventbroker.runtime.LimitedWarnings;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes failures of tasks loud: a count, a warning with the topic, and the observer. */
final class Failures {

  private static final Logger log = LoggerFactory.getLogger(Failures.class);

  private final BiConsumer<Topic, Throwable> observer;
  private final LimitedWarnings warnings;
  private final LimitedWarnings retries;
  private final LongAdder count = new LongAdder();

  Failures(Surroundings around) {
    this.observer = around.observer();
    this.warnings = new LimitedWarnings(log, around.nanoClock());
    this.retries = new LimitedWarnings(log, around.nanoClock());
  }

  /** What has failed for good. */
  void failed(Topic topic, String what, Throwable failure) {
    Throwable cause = causeOf(failure);
    count.increment();
    warnings.warn("detached: " + what + " (topic " + topic + ")", cause);
    try {
      observer.accept(topic, cause);
    } catch (Throwable e) {
      log.warn("the observer threw", e);
    }
  }

  /** What will be tried again: a word to a person, but no failure yet. */
  void willRetry(Topic topic, int attempt, int attempts, Throwable failure) {
    retries.warn(
        "detached: attempt " + attempt + " of " + attempts + " failed (topic " + topic + ")",
        failure);
  }

  long count() {
    return count.sum();
  }

  /** What went wrong, without what the stages on the way have put around it. */
  static Throwable causeOf(Throwable failure) {
    boolean wrapped =
        failure instanceof CompletionException || failure instanceof ExecutionException;
    Throwable cause = failure.getCause();
    return wrapped && cause != null ? cause : failure;
  }
}
