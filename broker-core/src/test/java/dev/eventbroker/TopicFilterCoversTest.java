package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicFilterCoversTest {

  private static final int FILTER_DEPTH = 3;

  /** Deeper than the filters: what {@code **} lets through has to be seen. */
  private static final int TOPIC_DEPTH = 5;

  @ParameterizedTest
  @CsvSource({
    "a, a, true",
    "a, b, false",
    "a/*, a/b, true",
    "a/b, a/*, false",
    "a/**, a, true",
    "a/**, a/*/c, true",
    "a/*, a/**, false",
    "a/*/**, a/**, false",
    "*/**, **, true",
    "*/*/**, **, false",
    "a/**, **, false"
  })
  void aFilterCoversWhatAsksForNothingElse(String filter, String other, boolean covers) {
    assertThat(TopicFilter.of(filter).covers(TopicFilter.of(other))).isEqualTo(covers);
  }

  /**
   * Topics have one more letter than filters, and more levels: that is where a wildcard's surplus
   * shows.
   */
  @Test
  void coveringIsBeingASupersetOfTopics() {
    List<TopicFilter> filters = allFilters();
    List<Topic> topics =
        named(List.of("a", "b", "c"), TOPIC_DEPTH).stream().map(Topic::of).toList();
    List<BitSet> matched = filters.stream().map(filter -> matched(filter, topics)).toList();

    for (int i = 0; i < filters.size(); i++) {
      for (int j = 0; j < filters.size(); j++) {
        BitSet beyond = (BitSet) matched.get(j).clone();
        beyond.andNot(matched.get(i));

        assertThat(filters.get(i).covers(filters.get(j)))
            .as("%s covers %s", filters.get(i), filters.get(j))
            .isEqualTo(beyond.isEmpty());
      }
    }
  }

  private static List<TopicFilter> allFilters() {
    List<String> names = new ArrayList<>(List.of(TopicFilter.REST));
    for (String name : named(List.of("a", "b", TopicFilter.ONE), FILTER_DEPTH)) {
      names.add(name);
      names.add(name + "/" + TopicFilter.REST);
    }
    return names.stream().map(TopicFilter::of).toList();
  }

  private static List<String> named(List<String> alphabet, int depth) {
    List<String> all = new ArrayList<>(alphabet);
    for (int from = 0, level = 1; level < depth; level++) {
      int until = all.size();
      for (String shorter : List.copyOf(all.subList(from, until))) {
        alphabet.forEach(last -> all.add(shorter + "/" + last));
      }
      from = until;
    }
    return all;
  }

  private static BitSet matched(TopicFilter filter, List<Topic> topics) {
    BitSet matched = new BitSet();
    for (int i = 0; i < topics.size(); i++) {
      matched.set(i, filter.matches(topics.get(i)));
    }
    return matched;
  }
}
