package dev.eventbroker.examples.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoOptionsTest {

  @Test
  void withoutArgumentsTheNodesAreWhereTheReadmeSays() {
    assertThat(DemoOptions.parse(new String[0]))
        .isEqualTo(new DemoOptions(8080, 8081, Optional.empty(), Pace.DEFAULT, false));
  }

  @Test
  void everythingCanBeSaid() {
    String url = "jdbc:postgresql://localhost/board";

    DemoOptions options =
        DemoOptions.parse(new String[] {"--port", "1", "--port2", "2", "--postgres", url});

    assertThat(options).isEqualTo(new DemoOptions(1, 2, Optional.of(url), Pace.DEFAULT, false));
    assertThat(
            DemoOptions.parse(
                    "--heartbeat 1 --session-timeout 8 --stream-lifetime 6".split(" ", -1))
                .pace())
        .isEqualTo(new Pace(Duration.ofSeconds(1), Duration.ofSeconds(8), Duration.ofSeconds(6)));
    assertThat(DemoOptions.parse(new String[] {"--postgres", "embedded"}).jdbcUrl()).isEmpty();
    assertThat(DemoOptions.parse(new String[] {"--help"}).help()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "--port x, --port: x (expected: 0 to 65535)",
    "--port 65536, --port: 65536 (expected: 0 to 65535)",
    "--heartbeat 0, --heartbeat: 0 (expected: 1 to 86400 seconds)",
    "--session-timeout x, --session-timeout: x (expected: 1 to 86400 seconds)",
    "--port, --port: no value (expected: one)",
    "--port2 8080, --port2: 8080 (expected: another than --port)",
    "--postgres mysql://x, --postgres: mysql://x (expected: embedded or jdbc:postgresql:...)"
  })
  void whatMakesNoSenseIsRefusedWithTheReason(String arguments, String message) {
    assertThatThrownBy(() -> DemoOptions.parse(arguments.split(" ", -1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void anUnknownOptionIsToldWithTheKnownOnes() {
    assertThatThrownBy(() -> DemoOptions.parse(new String[] {"--prot", "1"}))
        .hasMessage(
            "--prot: unknown (expected: one of --port, --port2, --postgres, --heartbeat,"
                + " --session-timeout, --stream-lifetime)");
  }
}
