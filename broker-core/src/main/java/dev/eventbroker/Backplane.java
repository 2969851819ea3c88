package dev.eventbroker;

import java.util.concurrent.CompletionStage;

/**
 * A source that can also publish, so that the log of every node sees every message with the same
 * id.
 *
 * <p>{@link #publish} only ever tells the backplane; a message enters a log only as the backplane
 * brings it back, so no echo can arise. {@link #start} calls {@link Inbound#begin} before it
 * returns.
 */
public interface Backplane extends EventSource {

  /**
   * Hands a message to all nodes. Any thread; does not block. The stage completes with its id once
   * it is certain to reach every node, or exceptionally.
   */
  CompletionStage<EventId> publish(Message message);
}
