package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.nio.charset.StandardCharsets;

/**
 * How long and how deep the topics and filters of one broker may be: at most what {@link Topic}
 * allows everywhere.
 */
record TopicLimits(int maxBytes, int maxLevels) {

  void require(Topic topic) {
    require("topic", topic.toString(), topic.levels().size());
  }

  void require(TopicFilter filter) {
    require("filter", filter.toString(), filter.levels().size());
  }

  private void require(String what, String name, int levels) {
    if (levels > maxLevels) {
      throw invalid(what, name, maxLevels + " levels");
    }
    // A character is at most three bytes, so most names need no counting.
    if (maxBytes < Topic.MAX_BYTES
        && name.length() * 3 > maxBytes
        && name.getBytes(StandardCharsets.UTF_8).length > maxBytes) {
      throw invalid(what, name, maxBytes + " UTF-8 bytes");
    }
  }

  private static IllegalArgumentException invalid(String what, String name, String most) {
    return new IllegalArgumentException(
        what + ": \"" + name + "\" (expected: at most " + most + ")");
  }
}
