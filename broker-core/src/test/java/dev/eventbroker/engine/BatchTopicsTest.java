package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Topic;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The topics of a batch are told apart, whatever their names are, and forgotten after it. */
class BatchTopicsTest {

  private final BatchTopics topics = new BatchTopics(Long.SIZE);

  @Test
  void eachTopicComesOnceWithAllItsEntriesInTheOrderOfTheFirst() {
    for (int i = 0; i < Long.SIZE; i++) {
      topics.add(Topic.of("project/" + i % 3), 1L << i);
    }

    Map<String, Long> found = takeAll();

    assertThat(found.keySet()).containsExactly("project/0", "project/1", "project/2");
    assertThat(found.values().stream().map(Long::bitCount)).containsExactly(22, 21, 21);
  }

  @Test
  void topicsOfOneHashAreDifferentTopics() {
    for (int i = 0; i < Long.SIZE; i++) {
      // "Aa" and "BB" have one hash, and so has whatever is made of six of them.
      StringBuilder name = new StringBuilder();
      for (int pair = 0; pair < 6; pair++) {
        name.append((i >> pair & 1) == 0 ? "Aa" : "BB");
      }
      topics.add(Topic.of(name.toString()), 1L << i);
    }

    Map<String, Long> found = takeAll();

    assertThat(found).hasSize(Long.SIZE);
    assertThat(found.values()).allMatch(part -> Long.bitCount(part) == 1);
  }

  @Test
  void nothingIsLeftOfTheBatchBefore() {
    topics.add(Topic.of("a"), 1);
    takeAll();

    assertThat(takeAll()).isEmpty();
    topics.add(Topic.of("a"), 2);
    assertThat(takeAll()).containsExactly(Map.entry("a", 2L));
  }

  private Map<String, Long> takeAll() {
    Map<String, Long> found = new LinkedHashMap<>();
    topics.forEach((topic, part) -> assertThat(found.put(topic.toString(), part)).isNull());
    return found;
  }
}
