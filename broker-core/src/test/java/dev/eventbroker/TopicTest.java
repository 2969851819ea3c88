package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TopicTest {

  @Test
  void aTopicHasItsLevelsInOrder() {
    assertThat(Topic.of("project/42/board").levels()).containsExactly("project", "42", "board");
    assertThat(Topic.of("a"))
        .isEqualTo(Topic.of("a"))
        .hasSameHashCodeAs(Topic.of("a"))
        .hasToString("a");
    assertThat(Topic.of("a")).isNotEqualTo(Topic.of("b"));
  }

  @Test
  void anEmptyLevelIsRefusedWhereverItStands() {
    for (String name : new String[] {"/a", "a/", "a//b", "/"}) {
      assertThatThrownBy(() -> Topic.of(name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("topic: \"" + name + "\" (expected: no empty level)");
    }
    assertThatThrownBy(() -> Topic.of("")).hasMessage("topic: \"\" (expected: at least one level)");
  }

  @Test
  void aWildcardBelongsToFilters() {
    assertThatThrownBy(() -> Topic.of("a/*"))
        .hasMessage("topic: \"a/*\" (expected: no '*', which belongs to filters)");
    assertThatThrownBy(() -> Topic.of("a*b/c")).hasMessageContaining("no '*'");
  }

  @Test
  void controlCharactersAndUnpairedSurrogatesAreRefusedAndNotRepeated() {
    assertThatThrownBy(() -> Topic.of("a\nb"))
        .hasMessage("topic: \"a\uFFFDb\" (expected: no control character)");
    assertThatThrownBy(() -> Topic.of("a\u0085")).hasMessageContaining("no control character");
    assertThatThrownBy(() -> Topic.of("a\uD800")).hasMessageContaining("no unpaired surrogate");
    assertThatThrownBy(() -> Topic.of("\uDC00a")).hasMessageContaining("no unpaired surrogate");
    assertThat(Topic.of("\uD83D\uDE00").levels()).containsExactly("\uD83D\uDE00");
  }

  @Test
  void theLimitIsInBytesNotInCharacters() {
    assertThat(Topic.of("é".repeat(256)).toString()).hasSize(256);
    assertThatThrownBy(() -> Topic.of("é".repeat(256) + "a"))
        .hasMessageContaining("at most 512 UTF-8 bytes");
    assertThatThrownBy(() -> Topic.of("\uD83D\uDE00".repeat(129)))
        .hasMessageContaining("at most 512 UTF-8 bytes");
    assertThatThrownBy(() -> Topic.of("a".repeat(100_000))).hasMessageContaining("…");
  }

  @Test
  void thereAreAtMostThirtyTwoLevels() {
    assertThat(Topic.of("a" + "/a".repeat(31)).levels()).hasSize(32);
    assertThatThrownBy(() -> Topic.of("a" + "/a".repeat(32)))
        .hasMessage("topic: \"a" + "/a".repeat(32) + "\" (expected: at most 32 levels)");
  }
}
