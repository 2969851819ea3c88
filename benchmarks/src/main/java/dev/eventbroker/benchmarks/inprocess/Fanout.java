package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A peer with all its subscribers, and who publishes to them: either everybody is on one topic, or
 * everybody has one of their own. Subscribers of a topic of their own have the topics in turn, so
 * that no two events of a batch are on the same.
 */
final class Fanout {

  /** What a batch comes to at the subscribers, as far as the bounds of its size allow. */
  private static final int DELIVERIES_OF_BATCH = 20_000;

  private static final int SMALLEST_BATCH = 4;
  private static final int LARGEST_BATCH = 64;

  private final Peer peer;
  private final List<Listener> listeners;
  private final List<Sender> senders;

  private Fanout(Peer peer, List<Listener> listeners, List<Sender> senders) {
    this.peer = peer;
    this.listeners = listeners;
    this.senders = senders;
  }

  /**
   * How many events each publisher publishes before it waits: 20 000 deliveries, but 4 to 64
   * events, of all publishers together. Twice that is in flight at most.
   */
  static int batch(int subscribersOfTopic, int publishers) {
    int events =
        Math.max(SMALLEST_BATCH, Math.min(DELIVERIES_OF_BATCH / subscribersOfTopic, LARGEST_BATCH));
    return Math.max(1, events / publishers);
  }

  /**
   * Everybody on one topic.
   *
   * @throws TooSlowException if the peer does not get that far
   */
  static Fanout onOneTopic(PeerKind kind, int subscribers, int publishers, int batch) {
    Gate[][] gates = gates(publishers);
    List<Listener> listeners = new ArrayList<>(subscribers);
    for (int i = 0; i < subscribers; i++) {
      listeners.add(
          publishers == 1
              ? new Listener.OfOne(gates[0], batch)
              : new Listener.OfSeveral(gates, batch));
    }
    Topic topic = Topics.numbered(0);
    Peer peer = kind.peer(1);
    List<Sender> senders = new ArrayList<>(publishers);
    for (int i = 0; i < publishers; i++) {
      senders.add(new Sender(peer, new Tick[] {Tick.of(topic, i)}, gates[i], batch, subscribers));
    }
    subscribe(kind, peer, listeners, 1);
    return new Fanout(peer, listeners, senders);
  }

  /**
   * Everybody on a topic of their own; each topic has one publisher.
   *
   * @param topics a multiple of {@code publishers}
   * @throws TooSlowException if the peer does not get that far
   */
  static Fanout onOwnTopics(PeerKind kind, int topics, int publishers) {
    int batch = batch(1, publishers);
    int each = topics / publishers;
    Gate[][] gates = gates(publishers);
    Tick[][] ticks = new Tick[publishers][each];
    List<Listener> listeners = new ArrayList<>(topics);
    for (int i = 0; i < topics; i++) {
      int publisher = i % publishers;
      int place = i / publishers;
      ticks[publisher][place] = Tick.of(Topics.numbered(i), publisher);
      listeners.add(new Listener.OfOwnTopic(gates[publisher], batch, publisher, each, place));
    }
    Peer peer = kind.peer(topics);
    List<Sender> senders = new ArrayList<>(publishers);
    for (int i = 0; i < publishers; i++) {
      senders.add(new Sender(peer, ticks[i], gates[i], batch, batch));
    }
    subscribe(kind, peer, listeners, topics);
    return new Fanout(peer, listeners, senders);
  }

  private static Gate[][] gates(int publishers) {
    Gate[][] gates = new Gate[publishers][2];
    for (Gate[] pair : gates) {
      Arrays.setAll(pair, i -> new Gate());
    }
    return gates;
  }

  private static void subscribe(PeerKind kind, Peer peer, List<Listener> listeners, int topics) {
    Patience patience = new Patience(kind.label(), listeners.size());
    for (int i = 0; i < listeners.size(); i++) {
      patience.check(i);
      peer.subscribe(TopicFilter.exactly(Topics.numbered(i % topics)), listeners.get(i));
    }
  }

  /** Who publishes on that thread. */
  Sender sender(int index) {
    return senders.get(index);
  }

  /**
   * Waits for what is in flight, ends the peer, and looks whether every subscriber has had every
   * event once.
   *
   * @throws IllegalStateException if one has not
   */
  void finish() {
    senders.forEach(Sender::awaitAll);
    peer.close();
    long[] sent = senders.stream().mapToLong(Sender::sent).toArray();
    long wrong = listeners.stream().filter(listener -> !listener.hasCounted(sent)).count();
    if (wrong > 0) {
      throw new IllegalStateException(
          "subscribers that have not counted each event once: " + wrong + " (expected: 0)");
    }
  }
}
