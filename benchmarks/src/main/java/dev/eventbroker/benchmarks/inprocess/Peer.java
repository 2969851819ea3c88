package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;

/**
 * One way to bring what is published on a topic to all who subscribed to it, in one process.
 *
 * <p>What all of them have in common, so that they can be compared: a subscriber is called by one
 * thread at a time; nothing is lost; who delivers on other threads has {@value #THREADS} of them,
 * unless it says why not; and where a peer bounds what waits for a subscriber the bound is {@value
 * #WAITING}, which the load never reaches.
 */
interface Peer extends AutoCloseable {

  /** Threads that deliver, where it is not the publisher's: our lanes, or what drains queues. */
  int THREADS = 2;

  /** Events that may wait for one subscriber: four times the largest batch. */
  int WAITING = 256;

  /**
   * Adds a subscriber. One thread at a time.
   *
   * @return takes it out again
   */
  Runnable subscribe(TopicFilter filter, Listener listener);

  /** Publishes one event. On several threads at once where the load has several publishers. */
  void publish(Tick tick);

  /** Ends its threads: when this returns no subscriber is being called any more. */
  @Override
  void close();
}
