package dev.eventbroker.benchmarks.inprocess;

import java.util.Arrays;

/** Who is measured. */
enum PeerKind {
  /** Ours: two lanes of the broker's own threads. */
  EVENTBROKER("eventbroker"),
  /** The floor: the publisher's thread goes through an array. */
  LOOP("loop"),
  /** The JDK's, on a ForkJoinPool. */
  SUBMISSION_PUBLISHER("submission-publisher"),
  /** A multicast sink with a buffer, and a queue and a thread for each subscriber. */
  REACTOR_BUFFERED("reactor-buffered"),
  /** A multicast sink that calls its subscribers on the publisher's thread. */
  REACTOR_DIRECT("reactor-direct"),
  /** Guava's EventBus, on the publisher's thread. */
  GUAVA("guava"),
  /** Guava's AsyncEventBus: a task for each delivery. */
  GUAVA_ASYNC("guava-async"),
  /** The event bus of Vert.x, within one process, on event loops. */
  VERTX("vertx"),
  /** One JCTools queue for each subscriber, and a thread that goes through them. */
  JCTOOLS("jctools");

  private final String label;

  PeerKind(String label) {
    this.label = label;
  }

  /**
   * @throws IllegalArgumentException if there is none of that label
   */
  static PeerKind labelled(String label) {
    return Arrays.stream(values())
        .filter(kind -> kind.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "peer: " + label + " (expected: one of " + Arrays.toString(values()) + ")"));
  }

  /** What it is called in results. */
  String label() {
    return label;
  }

  /** A new one for that many topics, without subscribers. */
  Peer peer(int topics) {
    return switch (this) {
      case EVENTBROKER -> EventbrokerPeer.withLanes();
      case LOOP -> new LoopPeer(topics);
      case SUBMISSION_PUBLISHER -> new SubmissionPeer(topics);
      case REACTOR_BUFFERED -> ReactorPeer.buffered(topics);
      case REACTOR_DIRECT -> ReactorPeer.direct(topics);
      case GUAVA -> GuavaPeer.direct(topics);
      case GUAVA_ASYNC -> GuavaPeer.async(topics);
      case VERTX -> new VertxPeer();
      case JCTOOLS -> new JctoolsPeer(topics);
    };
  }

  @Override
  public String toString() {
    return label;
  }
}
