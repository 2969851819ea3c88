package dev.eventbroker.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.benchmarks.report.Run.Effort;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentsTest {

  @Test
  void withoutAnyEverythingIsMeasuredTheShortWay() {
    Arguments arguments = Arguments.ofRun(List.of());

    assertThat(arguments)
        .isEqualTo(
            new Arguments(Effort.SHORT, 3, EnumSet.allOf(Suite.class), Optional.empty(), false));
  }

  @Test
  void eachIsTaken() {
    Arguments arguments =
        Arguments.ofRun(
            List.of(
                "--only",
                "sse",
                "postgres",
                "--rounds",
                "7",
                "--effort",
                "full",
                "--results",
                "x"));

    assertThat(arguments)
        .isEqualTo(
            new Arguments(
                Effort.FULL,
                7,
                EnumSet.of(Suite.SSE, Suite.POSTGRES),
                Optional.of(Path.of("x")),
                false));
  }

  @Test
  void theGuardMayPutOnRecord() {
    Arguments arguments = Arguments.ofGuard(List.of("--record"));

    assertThat(arguments.record()).isTrue();
    assertThat(arguments.effort()).isEqualTo(Effort.GUARD);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--effort slow; --effort: slow (expected: guard, short or full)",
        "--effort; --effort: nothing (expected: a value)",
        "--rounds 0; --rounds: 0 (expected: 1 to 100)",
        "--rounds many; --rounds: many (expected: 1 to 100)",
        "--only ssee; --only: ssee (expected: inprocess, sse or postgres)",
        "--only sse ssee; --only: ssee (expected: inprocess, sse or postgres)",
        "--fast; argument: --fast (expected: --effort, --only, --results, --rounds)",
        "--record; argument: --record (expected: --effort, --only, --results, --rounds)"
      })
  void whatIsNotUnderstoodIsTold(String words, String message) {
    assertThatThrownBy(() -> Arguments.ofRun(List.of(words.split(" ", -1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
