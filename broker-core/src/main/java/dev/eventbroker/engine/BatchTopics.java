package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import org.jspecify.annotations.Nullable;

/**
 * The different topics of one batch, each with the entries that are on it. A batch is short and
 * mostly on few topics, so a scan beats a map, and nothing is allocated.
 */
final class BatchTopics {

  private final @Nullable Topic[] topics;
  private final long[] parts;
  private int size;

  BatchTopics(int capacity) {
    topics = new @Nullable Topic[capacity];
    parts = new long[capacity];
  }

  void add(Topic topic, long bit) {
    for (int i = 0; i < size; i++) {
      if (topic.equals(topics[i])) {
        parts[i] |= bit;
        return;
      }
    }
    topics[size] = topic;
    parts[size++] = bit;
  }

  /** Goes through what was added since the last time, and forgets it. */
  void forEach(Action action) {
    for (int i = 0; i < size; i++) {
      Topic topic = topics[i];
      topics[i] = null;
      if (topic != null) {
        action.on(topic, parts[i]);
      }
    }
    size = 0;
  }

  @FunctionalInterface
  interface Action {
    void on(Topic topic, long part);
  }
}
