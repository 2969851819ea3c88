package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import org.jspecify.annotations.Nullable;

/**
 * The different topics of one batch, each with the entries that are on it: a small hash table with
 * open addressing. It is used for each event, so nothing is allocated. Where topics were chosen to
 * have one hash, it looks at each of them, which are as many as a batch has entries.
 */
final class BatchTopics {

  /** The lowest bits of a text's hash are poor, so slots are chosen by the highest of a product. */
  private static final int GOLDEN = 0x9E3779B9;

  private final @Nullable Topic[] topics;
  private final long[] parts;
  private final int[] taken;
  private final int shift;
  private int count;

  /**
   * A table that is empty.
   *
   * @param capacity how many topics it is for, a power of two
   */
  BatchTopics(int capacity) {
    int slots = 2 * capacity; // half of it stays empty, so that a search ends soon
    topics = new Topic[slots];
    parts = new long[slots];
    taken = new int[capacity];
    shift = Integer.numberOfLeadingZeros(slots) + 1;
  }

  void add(Topic topic, long bit) {
    int slot = (topic.hashCode() * GOLDEN) >>> shift;
    Topic there = topics[slot];
    while (there != null && !there.equals(topic)) {
      slot = (slot + 1) & (topics.length - 1);
      there = topics[slot];
    }
    if (there == null) {
      topics[slot] = topic;
      parts[slot] = 0;
      taken[count++] = slot;
    }
    parts[slot] |= bit;
  }

  /** Goes through what was added since the last time, in that order, and forgets it. */
  void forEach(Action action) {
    for (int i = 0; i < count; i++) {
      Topic topic = topics[taken[i]];
      if (topic != null) {
        action.on(topic, parts[taken[i]]);
      }
      topics[taken[i]] = null;
    }
    count = 0;
  }

  @FunctionalInterface
  interface Action {
    void on(Topic topic, long part);
  }
}
