package dev.eventbroker.benchmarks.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Every server does what the load driver takes for granted. */
class ContenderTest {

  @TempDir Path scratch;

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "WEBFLUX")
  void headersComeBeforeTheFirstEvent(Contender contender) throws Exception {
    try (RunningContender server = start(contender);
        RawHttp stream = server.connect()) {
      stream.subscribe();

      String head = stream.head();

      assertThat(head).startsWith("HTTP/1.1 200").containsIgnoringCase("text/event-stream");
    }
  }

  @Test
  void webFluxHoldsItsHeadersBackUntilTheFirstEvent() throws Exception {
    try (RunningContender server = start(Contender.WEBFLUX);
        RawHttp stream = server.connect();
        RawHttp publisher = server.connect()) {
      stream.subscribe();
      awaitSubscription(publisher);

      boolean silentBefore = stream.isSilent();
      publisher.publish("first");

      assertThat(silentBefore).isTrue();
      assertThat(stream.head()).startsWith("HTTP/1.1 200").contains("text/event-stream");
    }
  }

  @ParameterizedTest
  @EnumSource
  void linesAreEventsInTheirOrder(Contender contender) throws Exception {
    try (RunningContender server = start(contender);
        RawHttp stream = server.connect();
        RawHttp publisher = server.connect()) {
      stream.subscribe();
      awaitSubscription(publisher);

      List<String> answers = new ArrayList<>();
      answers.add(publisher.publish("single"));
      if (contender.linesPerPost()) {
        answers.add(publisher.publish("one\ntwo\nthree"));
      } else {
        for (String line : List.of("one", "two", "three")) {
          answers.add(publisher.publish(line));
        }
      }

      assertThat(answers).allMatch(answer -> answer.startsWith("HTTP/1.1 20"));
      assertThat(List.of(stream.data(), stream.data(), stream.data(), stream.data()))
          .containsExactly("single", "one", "two", "three");
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsWithItsStandardInput(Contender contender) throws Exception {
    try (RunningContender server = start(contender)) {
      server.letGo();

      assertThat(server.ends()).isTrue();
    }
  }

  @Test
  void isFoundByItsLabel() {
    assertThat(Arrays.stream(Contender.values()).map(Contender::label))
        .doesNotHaveDuplicates()
        .allSatisfy(label -> assertThat(Contender.labelled(label).label()).isEqualTo(label));
  }

  @Test
  void tellsWhatIsExpectedOfALabel() {
    assertThatThrownBy(() -> Contender.labelled("apache"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("apache")
        .hasMessageContaining("netty-epoll");
  }

  private RunningContender start(Contender contender) throws IOException {
    assumeThat(contender.available()).as(contender.missing()).isTrue();
    return RunningContender.start(contender, scratch);
  }

  /**
   * Its one event loop has read everything that came before the first of these. They are answered
   * with "not found", or without an event.
   */
  private static void awaitSubscription(RawHttp other) throws IOException {
    for (int i = 0; i < 10; i++) {
      other.askForNothing();
    }
  }
}
