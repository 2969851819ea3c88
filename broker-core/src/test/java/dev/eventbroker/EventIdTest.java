package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventIdTest {

  @Test
  void whatIsWrittenIsRead() {
    EventId id = new EventId("a_Z~9-", Long.MAX_VALUE);
    assertThat(EventId.parse(id.toString())).contains(id);
    assertThat(EventId.parse("e.0")).contains(new EventId("e", 0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "e",
        "e.",
        ".1",
        "e.-1",
        "e.+1",
        "e.01",
        "e.1 ",
        " e.1",
        "e.1.2",
        "e.9223372036854775808",
        "e.99999999999999999999",
        "é.1",
        "e.１",
        "e\n.1",
        "e.1\u0000"
      })
  void whatIsNotAnIdIsNoError(String text) {
    assertThat(EventId.parse(text)).isEmpty();
  }

  @Test
  void hostileTextIsReadAsNothingOrAsExactlyItself() {
    SplittableRandom random = new SplittableRandom(20261121);
    String alphabet = "aZ09._~-\n\u0000é";
    for (int round = 0; round < 20_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(70); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }

      EventId.parse(text.toString()).ifPresent(id -> assertThat(id).hasToString(text.toString()));
    }
  }

  @Test
  void aBadPartIsRefused() {
    assertThatThrownBy(() -> new EventId("a.b", 1))
        .hasMessage("epoch: \"a.b\" (expected: [A-Za-z0-9_~-]{1,40})");
    assertThatThrownBy(() -> new EventId("a", -1)).hasMessage("position: -1 (expected: >= 0)");
  }
}
