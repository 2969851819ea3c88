package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicFilterTest {

  @ParameterizedTest
  @CsvSource({
    "a, a, true",
    "a, b, false",
    "a, a/b, false",
    "a/*, a/b, true",
    "a/*, a, false",
    "a/*, a/b/c, false",
    "*/b, a/b, true",
    "*, a, true",
    "*, a/b, false",
    "a/**, a, true",
    "a/**, a/b/c, true",
    "a/**, ab, false",
    "a/*/**, a, false",
    "a/*/**, a/b, true",
    "**, a/b/c, true",
    "a/*/c, a/b/c, true",
    "a/*/c, a/b/d, false"
  })
  void aFilterMatchesLevelByLevel(String filter, String topic, boolean matches) {
    assertThat(TopicFilter.of(filter).matches(Topic.of(topic))).isEqualTo(matches);
  }

  @ParameterizedTest
  @CsvSource({
    "a, a, true",
    "a, b, false",
    "a/*, a/b, true",
    "a/*, */b, true",
    "a/*, a, false",
    "a/**, a, true",
    "**, x/y, true",
    "a/**, b/**, false",
    "a/**, */c/d, true",
    "a/*/c, a/b/d, false"
  })
  void twoFiltersIntersectWhenATopicFitsBoth(String one, String other, boolean intersects) {
    assertThat(TopicFilter.of(one).intersects(TopicFilter.of(other))).isEqualTo(intersects);
    assertThat(TopicFilter.of(other).intersects(TopicFilter.of(one))).isEqualTo(intersects);
  }

  @ParameterizedTest
  @CsvSource({
    "a/**/b, '''**'' only as the last level'",
    "a*/b, '''*'' or ''**'' as a whole level'",
    "a/***, '''*'' or ''**'' as a whole level'",
    "a//b, no empty level"
  })
  void aBadFilterIsRefusedWithTheRuleItBreaks(String filter, String expected) {
    assertThatThrownBy(() -> TopicFilter.of(filter))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("filter: \"" + filter + "\" (expected: " + expected + ")");
  }

  @Test
  void aFilterHasTheLimitsAndRulesOfATopic() {
    assertThatThrownBy(() -> TopicFilter.of("a/*" + "/a".repeat(31)))
        .hasMessageEndingWith(" (expected: at most 32 levels)");
    assertThatThrownBy(() -> TopicFilter.of("é".repeat(256) + "/*"))
        .hasMessageEndingWith("…\" (expected: at most 512 UTF-8 bytes)");
    assertThatThrownBy(() -> TopicFilter.of("a\t/*"))
        .hasMessage("filter: \"a\uFFFD/*\" (expected: no control character)");
    assertThatThrownBy(() -> TopicFilter.of(""))
        .hasMessage("filter: \"\" (expected: at least one level)");
  }

  @Test
  void anExactFilterIsKnownAsOne() {
    assertThat(TopicFilter.of("a/b").isExact()).isTrue();
    assertThat(TopicFilter.of("a/*").isExact()).isFalse();
    assertThat(TopicFilter.exactly(Topic.of("a/b"))).isEqualTo(TopicFilter.of("a/b"));
  }
}
