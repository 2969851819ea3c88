package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SseFrameTest {

  private static final EventId ID = new EventId("e", 7);

  @ParameterizedTest
  @ValueSource(strings = {"a\rb", "a\nb", "a\r\nb"})
  void rule1EachOfTheThreeLineEndsMakesTwoLines(String data) {
    assertThat(event(data)).isEqualTo("id: e.7\nevent: moved\ndata: a\ndata: b\n\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\u000Bb", "a\fb", "a\u0085b", "a\u2028b", "a\u2029b"})
  void rule2NothingElseIsALineEnd(String data) {
    assertThat(event(data)).isEqualTo("id: e.7\nevent: moved\ndata: " + data + "\n\n");
  }

  @Test
  void rule3EmptyDataIsStillAnEvent() {
    assertThat(event("")).isEqualTo("id: e.7\nevent: moved\ndata: \n\n");
    assertThat(EventStreamParser.parse(event("").getBytes(UTF_8)).messages).hasSize(1);
  }

  @Test
  void rule4TrailingLineEndsAreKept() {
    assertThat(event("\n")).endsWith("data: \ndata: \n\n");
    assertThat(event("a\n")).endsWith("data: a\ndata: \n\n");
    assertThat(event("\r\r\n\n")).endsWith("\ndata: \ndata: \ndata: \ndata: \n\n");
  }

  @Test
  void rule5ALeadingSpaceIsKept() {
    assertThat(EventStreamParser.parse(event(" x").getBytes(UTF_8)).messages.get(0).data())
        .isEqualTo(" x");
  }

  @Test
  void rule10AnEventWithoutIdHasNoIdLine() {
    String local = text(SseFrame.event(new Given(Optional.empty(), "typing")));

    assertThat(local).isEqualTo("event: moved\ndata: typing\n\n");
  }

  @Test
  void rule11ABlockWithOnlyAnIdMovesTheCursorAndFiresNothing() {
    EventStreamParser parsed = EventStreamParser.parse(SseFrame.cursor(ID).bytes());

    assertThat(parsed.messages).isEmpty();
    assertThat(parsed.lastEventId).isEqualTo("e.7");
  }

  @Test
  void rule12RetryIsDigitsOnlyAndRule14TheStreamStartsWithoutAByteOrderMark() {
    String preamble = text(SseFrame.preamble(Duration.ofMillis(1500)));

    assertThat(preamble).isEqualTo("retry: 1500\n: connected\n\n");
    assertThat(EventStreamParser.parse(preamble.getBytes(UTF_8)).reconnectionTime).isEqualTo(1500);
  }

  @ParameterizedTest
  @ValueSource(strings = {"c\rdata: evil", "c\ndata: evil", "c\r\ndata: evil"})
  void rule13ALineEndDoesNotLeadOutOfAComment(String comment) {
    assertThat(SseFrame.comment(comment)).isEqualTo(": c\n: data: evil\n");
  }

  @Test
  void rule13AnEmptyCommentIsStillALine() {
    assertThat(SseFrame.comment("")).isEqualTo(": \n");
    assertThat(text(SseFrame.HEARTBEAT)).isEqualTo(": hb\n\n");
  }

  @Test
  void rule14AByteOrderMarkInDataIsData() {
    assertThat(EventStreamParser.parse(event("\uFEFFx").getBytes(UTF_8)).messages.get(0).data())
        .isEqualTo("\uFEFFx");
  }

  @ParameterizedTest
  @CsvSource({"'\uD800'", "'\uDC00'"})
  void rule15AnUnpairedSurrogateBecomesTheReplacementCharacter(String surrogate) {
    assertThat(event("a" + surrogate + "b")).endsWith("data: a\uFFFDb\n\n");
    assertThat(event("\uD83D\uDE00")).endsWith("data: \uD83D\uDE00\n\n");
    assertThat(event("\uDC00\uD800\uD800\uDC00")).endsWith("data: \uFFFD\uFFFD\uD800\uDC00\n\n");
  }

  @Test
  void rule18FieldsComeInTheOrderIdEventDataForASnapshotToo() {
    assertThat(text(SseFrame.snapshot(Snapshot.of("board", "{\n}"), ID)))
        .isEqualTo("id: e.7\nevent: board\ndata: {\ndata: }\n\n");
  }

  @Test
  void aGapTellsReasonBoundsAndScope() {
    Gap gap = new Gap(Gap.Reason.SLOW, Optional.of(new EventId("e", 1)), ID, TopicFilter.ALL);

    assertThat(text(SseFrame.gap(gap, true)))
        .isEqualTo(
            """
            id: e.7
            event: gap
            data: {"reason":"slow","from":"e.1","to":"e.7","scope":"**"}

            """);
  }

  @Test
  void aGapAheadOfASnapshotLeavesTheClientsCursorAloneAndEscapesItsScope() {
    Gap gap = new Gap(Gap.Reason.EPOCH, Optional.empty(), ID, TopicFilter.of("a\"b\\c"));

    assertThat(text(SseFrame.gap(gap, false)))
        .isEqualTo(
            """
            event: gap
            data: {"reason":"epoch","from":null,"to":"e.7","scope":"a\\"b\\\\c"}

            """);
  }

  @Test
  void whateverGoesInComesOutOfAConformingParser() {
    SplittableRandom random = new SplittableRandom(42);
    for (int round = 0; round < 5_000; round++) {
      String data = hostile(random);

      byte[] block = event(data).getBytes(UTF_8);
      EventStreamParser parsed = EventStreamParser.parse(block, SseFrame.HEARTBEAT.bytes(), block);

      assertThat(parsed.messages).as("round %d", round).hasSize(2);
      assertThat(parsed.messages.get(0).data()).isEqualTo(expected(data));
      assertThat(parsed.messages.get(1))
          .isEqualTo(new EventStreamParser.Message("moved", expected(data), "e.7"));
      // Rule 16: exactly one empty line, and it is the end.
      String written = new String(block, UTF_8);
      assertThat(written.indexOf("\n\n")).isEqualTo(written.length() - 2);
    }
  }

  private static final String[] PIECES = {
    "\r",
    "\n",
    "\r\n",
    "",
    " ",
    ":",
    "data:",
    "id: 9",
    "event: x",
    "retry: 1",
    "\0",
    "\uFEFF",
    "\uD800",
    "\uDFFF",
    "\uD83D\uDE00",
    "\u2028",
    "\u0085",
    "\t",
    "\u000B",
    "\f",
    "{\"a\":1}",
    "ä"
  };

  private static String hostile(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    int pieces = random.nextInt(12);
    for (int i = 0; i < pieces; i++) {
      text.append(
          random.nextInt(4) == 0
              ? String.valueOf((char) random.nextInt(0x10000))
              : PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }

  /** Line ends become LF; surrogates are told apart by the library's own decoder of pairs. */
  private static String expected(String data) {
    String lines = data.replace("\r\n", "\n").replace('\r', '\n');
    return lines
        .codePoints()
        .map(point -> point >= 0xD800 && point <= 0xDFFF ? 0xFFFD : point)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static String event(String data) {
    return text(SseFrame.event(new Given(Optional.of(ID), data)));
  }

  private static String text(SseFrame frame) {
    return new String(frame.bytes(), UTF_8);
  }

  private record Given(Optional<EventId> id, String data) implements Delivery {

    @Override
    public Event event() {
      return Event.of(Topic.of("t"), "moved", data);
    }

    @Override
    public EventId cursor() {
      return ID;
    }

    @Override
    public Instant time() {
      return Instant.EPOCH;
    }

    @Override
    public <T> T encodedBy(Encoder<T> encoder) {
      return encoder.encode(this);
    }
  }
}
