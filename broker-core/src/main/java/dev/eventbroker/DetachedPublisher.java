package dev.eventbroker;

import java.util.concurrent.CompletionStage;

/**
 * Publishing that outlives the request that asked for it.
 *
 * <p>Every task runs on a fresh thread of the broker's own that inherits nothing, neither from the
 * caller nor from an earlier task: no ThreadLocal or InheritableThreadLocal, no MDC, no
 * transaction. The context class loader is the one that loaded this library, the name begins with
 * that of the broker, and the thread is a virtual one where the JDK has them (21 and later). A task
 * has what its caller captured as values, and nothing else.
 *
 * <p>Tasks of one topic run one after another in the order they were submitted; tasks of different
 * topics run side by side, up to the number that the broker was made with.
 *
 * <p>So a task must not wait for another task of its own topic: that one begins only after it. Such
 * a wait ends when the task is interrupted at the end of its time; one that cannot be interrupted,
 * such as {@code CompletableFuture.join}, never ends, and holds its topic and one of the threads.
 * The same goes for what hangs on a stage: it runs before the next task of the topic, on the thread
 * that completes the stage, and must not block.
 *
 * <p>The number of waiting tasks is bounded; what is over the bound, or comes after the broker was
 * closed, is refused by a stage that failed with a {@link BrokerException}. A task that throws is
 * logged at WARN with its topic, counted, told to the {@link BrokerObserver}, and fails its stage.
 *
 * <p>{@link #retrying} and {@link #tellingGaps} give other views of the same publisher: they share
 * its order, its bounds and its counters, can be combined, and cost nothing to make.
 */
public interface DetachedPublisher {

  /**
   * Runs a task in the broker's lifetime instead of the caller's. Any thread; never blocks, and
   * refuses by the stage and not by an exception.
   */
  <T> CompletionStage<T> submit(Topic topic, Task<T> task);

  /** Publishes an event as a task of its topic. */
  CompletionStage<EventId> publish(Event event);

  /**
   * Finds out who may see the event, then publishes it for them, as a task of its topic. If the
   * audience can't be found out the event is not published, and the stage fails: an unknown
   * audience is never an empty one.
   */
  CompletionStage<EventId> publish(Event event, AudienceResolver resolver);

  /**
   * A view that tries again what fails and is worth it ({@link Retry#mayHelp}). A task that waits
   * for its next attempt occupies no thread, but keeps its place: the tasks of its topic that were
   * submitted after it wait too. The attempt includes the stage that a task returns, such as that
   * of {@link PublishContext#publish}, and has the time of one task.
   *
   * <p>An attempt may have succeeded without anybody knowing, and the next one would then do the
   * work twice. So an event that is published here without an idempotency key is given a random
   * one, and whatever keeps keys stores it once; events that a submitted task makes itself need
   * keys of their own.
   *
   * <p>When the broker closes, nothing is tried again: what waits for its next attempt is
   * abandoned, and reported as such.
   */
  DetachedPublisher retrying(Retry retry);

  /**
   * A view that tells the subscribers of a topic when a task of it has failed for good: an {@link
   * Interruption} of exactly that topic takes the place of the event, on every node, and makes them
   * reload what they show under their own access checks. The failure is as loud as without.
   *
   * <p>A refused task is not told so: its submitter knows at once, and an overloaded broker is not
   * helped by everybody reloading.
   */
  DetachedPublisher tellingGaps();

  /**
   * Work on a thread of the broker's.
   *
   * @param <T> what comes out of it
   */
  @FunctionalInterface
  interface Task<T> {

    /**
     * Does the work. May block; is interrupted when its time is up or the broker closes.
     *
     * @throws Exception if it fails, which is told as the class comment says
     */
    T run(PublishContext context) throws Exception;
  }
}
