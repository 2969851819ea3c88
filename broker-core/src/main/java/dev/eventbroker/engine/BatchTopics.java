package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import java.util.ArrayList;
import java.util.List;

/**
 * The different topics of one batch, each with the entries that are on it. A batch is short and
 * mostly on few topics, so a scan beats a map, and nothing is allocated.
 */
final class BatchTopics {

  private final List<Topic> topics;
  private final long[] parts;

  BatchTopics(int capacity) {
    topics = new ArrayList<>(capacity);
    parts = new long[capacity];
  }

  void add(Topic topic, long bit) {
    int known = topics.indexOf(topic);
    if (known >= 0) {
      parts[known] |= bit;
      return;
    }
    parts[topics.size()] = bit;
    topics.add(topic);
  }

  /** Goes through what was added since the last time, and forgets it. */
  void forEach(Action action) {
    for (int i = 0; i < topics.size(); i++) {
      action.on(topics.get(i), parts[i]);
    }
    topics.clear();
  }

  @FunctionalInterface
  interface Action {
    void on(Topic topic, long part);
  }
}
