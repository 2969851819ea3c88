package dev.eventbroker;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * What a detached task has besides the values its caller captured. To be used by the task's own
 * thread.
 */
public interface PublishContext {

  /** {@link Broker#publish}. */
  CompletionStage<EventId> publish(Message message);

  /** How long the task may still run before it is interrupted; never negative. */
  Duration remaining();

  /** Whether the broker is closing, so that long work had better end early. */
  boolean shuttingDown();
}
