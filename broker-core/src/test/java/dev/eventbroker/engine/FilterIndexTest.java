package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FilterIndexTest {

  @Test
  void itFindsExactlyThoseWhoseFilterMatchesWhateverComesAndGoes() {
    SplittableRandom random = new SplittableRandom(7);
    FilterIndex<Integer> index = new FilterIndex<>();
    Map<Integer, TopicFilter> filters = new HashMap<>();
    Map<Integer, FilterIndex.Membership<Integer>> memberships = new HashMap<>();
    for (int round = 0; round < 5000; round++) {
      int who = random.nextInt(200);
      if (filters.containsKey(who)) {
        memberships.remove(who).remove();
        filters.remove(who);
      } else {
        TopicFilter filter = randomFilter(random);
        filters.put(who, filter);
        memberships.put(who, index.add(who, filter));
      }

      Topic topic = randomTopic(random);

      Set<Integer> expected = new HashSet<>();
      filters.forEach(
          (subscriber, filter) -> {
            if (filter.matches(topic)) {
              expected.add(subscriber);
            }
          });
      assertThat(matches(index, topic)).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @Test
  void nothingIsKeptOfAFilterThatNobodyHasAnyMore() {
    FilterIndex<Integer> index = new FilterIndex<>();
    List<FilterIndex.Membership<Integer>> memberships = new ArrayList<>();
    for (String filter : List.of("a/b", "a/*", "a/*/c", "a/**", "**", "*/b/c/d", "a/b")) {
      memberships.add(index.add(1, TopicFilter.of(filter)));
    }

    memberships.forEach(FilterIndex.Membership::remove);

    assertThat(index.isEmpty()).isTrue();
  }

  private static List<Integer> matches(FilterIndex<Integer> index, Topic topic) {
    List<Integer> found = new ArrayList<>();
    index.match(
        topic,
        members -> {
          for (int i = 0; i < members.size(); i++) {
            found.add(members.get(i));
          }
        });
    return found;
  }

  private static TopicFilter randomFilter(SplittableRandom random) {
    List<String> levels = randomLevels(random);
    levels.replaceAll(level -> random.nextInt(3) == 0 ? TopicFilter.ONE : level);
    if (random.nextInt(4) == 0) {
      levels.add(TopicFilter.REST);
    }
    return TopicFilter.of(String.join("/", levels));
  }

  private static Topic randomTopic(SplittableRandom random) {
    return Topic.of(String.join("/", randomLevels(random)));
  }

  private static List<String> randomLevels(SplittableRandom random) {
    List<String> levels = new ArrayList<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      levels.add(String.valueOf((char) ('a' + random.nextInt(3))));
    }
    return levels;
  }
}
