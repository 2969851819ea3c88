package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One channel for each topic, for peers that know no topics themselves: one look-up in a hash map
 * by the topic's name, as whoever uses them would do it. Where there is but one topic there is no
 * look-up either. All channels are there from the start, so any thread may read.
 *
 * @param <C> what the peer calls a channel
 */
final class Channels<C> {

  private final @Nullable C only;
  private final Map<String, C> byTopic = new HashMap<>();

  Channels(int topics, Supplier<C> maker) {
    only = topics == 1 ? maker.get() : null;
    for (int i = 0; i < topics && only == null; i++) {
      byTopic.put(Topics.numbered(i).toString(), maker.get());
    }
  }

  C of(Tick tick) {
    return only == null ? named(tick.topic()) : only;
  }

  C of(TopicFilter filter) {
    return only == null ? named(filter.toString()) : only;
  }

  private C named(String topic) {
    C channel = byTopic.get(topic);
    if (channel == null) {
      throw new IllegalArgumentException("topic: " + topic + " (expected: one of the load)");
    }
    return channel;
  }

  void forEach(Consumer<C> action) {
    if (only != null) {
      action.accept(only);
    }
    byTopic.values().forEach(action);
  }
}
