package dev.eventbroker.testing;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.List;

/** What filters mean, said again in the plainest way: not by the code that is tested. */
final class TopicPatterns {

  private TopicPatterns() {}

  /** Whether the filter matches the topic. */
  static boolean covers(TopicFilter filter, Topic topic) {
    return overlap(levels(filter.toString()), levels(topic.toString()));
  }

  /** Whether there is a topic that both match. */
  static boolean overlap(TopicFilter one, TopicFilter other) {
    return overlap(levels(one.toString()), levels(other.toString()));
  }

  private static List<String> levels(String text) {
    return List.of(text.split("/"));
  }

  private static boolean overlap(List<String> one, List<String> other) {
    if (isRest(one) || isRest(other)) {
      return true;
    }
    if (one.isEmpty() || other.isEmpty()) {
      return one.isEmpty() && other.isEmpty();
    }
    String first = one.get(0);
    String second = other.get(0);
    return (first.equals("*") || second.equals("*") || first.equals(second))
        && overlap(one.subList(1, one.size()), other.subList(1, other.size()));
  }

  private static boolean isRest(List<String> levels) {
    return levels.equals(List.of("**"));
  }
}
