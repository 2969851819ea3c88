package dev.eventbroker;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Takes events and brings them to their subscribers: every subscriber sees a contiguous run of the
 * events that it may see, in order, or a {@link Gap} that says where the run was broken; and none
 * of them, however slow, costs another one or the publisher anything that is not bounded.
 *
 * <p>All methods may be called on any thread. Made by {@code dev.eventbroker.engine.BrokerBuilder}.
 */
public interface Broker extends AutoCloseable {

  /**
   * Publishes an event, or one of the other messages. Never waits for a subscriber, and never fails
   * because of one.
   *
   * <p>Without a {@link Backplane} the message is in the log when this returns, and the stage is
   * complete. With one, it goes through it and comes back to the log of every node with the same
   * id; the stage completes when it has its id, or exceptionally if it could not be stored.
   *
   * @throws BrokerException.Closed if the broker was closed
   * @throws IllegalArgumentException if the event, or its topic, is larger than the broker takes
   */
  CompletionStage<EventId> publish(Message message);

  /**
   * Publishes an event on this node only and without an id: presence or typing, which nobody wants
   * replayed. A client that reconnects does not get it again, and its absence is not a gap.
   *
   * @throws BrokerException.Closed if the broker was closed
   * @throws IllegalArgumentException if the event is larger than the broker takes
   */
  void publishLocal(Event event);

  /** Publishing that outlives the caller's request. */
  DetachedPublisher detached();

  /** Publishing that waits for one transaction to be committed; a new one for each. */
  DeferredPublisher deferred();

  /**
   * Starts a subscription. It has its place in the log when this returns: nothing published from
   * now on is missed.
   *
   * @throws BrokerException.Closed if the broker was closed
   * @throws IllegalArgumentException if a filter is larger than the broker takes
   */
  Subscription subscribe(SubscribeRequest request, Subscriber subscriber);

  /** The live clients of this node. */
  Connections connections();

  /**
   * Starts a source and feeds what it brings into the log. The broker closes it when it is closed
   * itself.
   */
  void attach(EventSource source);

  /**
   * The place of the newest event that has an id: what a snapshot taken before this call may be
   * older than.
   */
  EventId cursor();

  /** Counters and gauges, read without stopping anything. */
  BrokerStats stats();

  /**
   * Ends everything in order: finishes detached work as far as the timeout goes, stops the sources
   * and the backplane, closes every subscription with {@link CloseReason#SHUTDOWN}, and stops the
   * broker's threads. Only the first call does that; any further one returns at once.
   *
   * @return what became of the detached work
   */
  DrainReport close(Duration drainTimeout);

  /**
   * {@link #close(Duration)} with 5 s: long enough for work in flight, short enough for a restart.
   */
  @Override
  default void close() {
    close(Duration.ofSeconds(5));
  }
}
