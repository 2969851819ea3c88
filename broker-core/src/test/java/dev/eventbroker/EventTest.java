package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class EventTest {

  private static final Topic TOPIC = Topic.of("a");

  @Test
  void aTypeThatWouldForgeALineIsRefusedWhenTheEventIsMade() {
    assertThatThrownBy(() -> Event.of(TOPIC, "x\ndata: evil", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("type: control character at 1 (expected: none)");
    assertThatThrownBy(() -> Event.of(TOPIC, "", ""))
        .hasMessage("type: 0 characters (expected: 1 to 128)");
  }

  @Test
  void typesThatMeanSomethingElseOnTheWireAreRefused() {
    for (String type : List.of("open", "error", "gap", "expiring")) {
      assertThatThrownBy(() -> Event.of(TOPIC, type, ""))
          .hasMessageContaining("reserved names open, error, gap, expiring");
      assertThatThrownBy(() -> Snapshot.of(type, ""))
          .hasMessageContaining("reserved names open, error, gap, expiring");
    }
  }

  @Test
  void nobodyIsNotEverybody() {
    assertThat(Audience.everyone().includes("ann")).isTrue();
    assertThat(Audience.nobody().includes("ann")).isFalse();
    assertThat(Audience.of(List.of()))
        .isEqualTo(Audience.nobody())
        .isNotEqualTo(Audience.everyone());
    assertThat(Audience.of(List.of("ann")).includes("ann")).isTrue();
    assertThat(Audience.of(List.of("ann")).includes("bob")).isFalse();
  }

  @Test
  void dataIsNotInTheTextForLogs() {
    assertThat(Event.of(TOPIC, "t", "secret").withKey("k")).hasToString("t on a");
  }
}
