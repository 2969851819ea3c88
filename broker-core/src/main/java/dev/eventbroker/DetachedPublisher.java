package dev.eventbroker;

import java.util.concurrent.CompletionStage;

/**
 * Publishing that outlives the request that asked for it.
 *
 * <p>Tasks run on threads of the broker's own that inherit nothing from the caller: no ThreadLocal
 * or InheritableThreadLocal, no MDC, no context class loader, no transaction. A task has what its
 * caller captured as values, and nothing else. Tasks of one topic run one after another in the
 * order they were submitted; tasks of different topics run side by side.
 *
 * <p>The number of waiting tasks is bounded; what is over the bound, or comes after the broker was
 * closed, is refused by a stage that failed with a {@link BrokerException}. A task that throws is
 * logged at WARN with its topic, counted, told to the {@link BrokerObserver}, and fails its stage.
 */
public interface DetachedPublisher {

  /**
   * Runs a task in the broker's lifetime instead of the caller's. Any thread; never blocks, never
   * throws.
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
