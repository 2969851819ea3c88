package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the load driver makes of bytes, however they are cut; a check that can't fail is none. */
class EventStreamTest {

  private static final int EVENTS = 40;

  private final Payloads payloads = new Payloads(0x1234abcd, 200);
  private final Tally tally = new Tally(payloads);

  @RepeatedTest(300)
  void aWholeRunIsWholeHoweverItIsWrittenAndCut(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    List<byte[]> events = published(EVENTS);

    read(wire(events, random), random);

    assertThat(tally.delivered).isEqualTo(EVENTS);
    assertThat(tally.awaited).isZero();
    assertNothingWrong();
  }

  @RepeatedTest(100)
  void aLostEventIsCounted(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    List<byte[]> events = published(EVENTS);
    events.remove(random.nextInt(EVENTS - 1));

    read(wire(events, random), random);

    assertThat(tally.lost).isEqualTo(1);
    assertThat(tally.delivered).isEqualTo(EVENTS - 1);
    assertThat(tally.awaited).isZero();
  }

  @RepeatedTest(100)
  void anEventThatComesTwiceIsCounted(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    List<byte[]> events = published(EVENTS);
    int doubled = random.nextInt(EVENTS);
    events.add(random.nextInt(doubled + 1, EVENTS + 1), events.get(doubled));

    read(wire(events, random), random);

    assertThat(tally.duplicated).isEqualTo(1);
    assertThat(tally.delivered).isEqualTo(EVENTS);
    assertThat(tally.lost + tally.disordered + tally.damaged).isZero();
  }

  @RepeatedTest(100)
  void eventsThatHaveChangedPlacesAreCounted(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    List<byte[]> events = published(EVENTS);
    int first = random.nextInt(EVENTS - 1);
    Collections.swap(events, first, first + 1);

    read(wire(events, random), random);

    assertThat(tally.disordered).isEqualTo(1);
    assertThat(tally.delivered).isEqualTo(EVENTS);
    assertThat(tally.lost + tally.duplicated + tally.damaged + tally.awaited).isZero();
  }

  @RepeatedTest(300)
  void oneWrongByteIsCounted(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    List<byte[]> events = published(EVENTS);
    int index = random.nextInt(EVENTS - 1);
    byte[] damaged = events.get(index).clone();
    damaged[random.nextInt(damaged.length)] ^= 0x40;
    events.set(index, damaged);

    read(wire(events, random), random);

    assertThat(tally.damaged).isEqualTo(1);
    assertThat(tally.lost).isEqualTo(1);
    assertThat(tally.delivered).isEqualTo(EVENTS - 1);
  }

  @Test
  void everyByteOfAnEventIsCompared() {
    byte[] event = published(1).get(0);

    for (int i = 0; i < event.length; i++) {
      byte[] damaged = event.clone();
      damaged[i] ^= 0x40;
      feed("data: " + text(damaged) + "\n\n");
    }

    assertThat(tally.damaged).isEqualTo(event.length);
    assertThat(tally.delivered).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 199})
  void anEventThatIsCutShortIsDamaged(int length) {
    List<byte[]> events = published(3);
    events.set(1, Arrays.copyOf(events.get(1), length));
    SplittableRandom random = new SplittableRandom(1);

    read(wire(events, random), random);

    assertThat(tally.damaged).isEqualTo(1);
    assertThat(tally.delivered).isEqualTo(2);
  }

  @Test
  void twoEventsWithoutAnEmptyLineBetweenThemAreNoEvent() {
    List<byte[]> events = published(2);

    feed("data: " + text(events.get(0)) + "\ndata: " + text(events.get(1)) + "\n\n");

    assertThat(tally.damaged).isEqualTo(1);
    assertThat(tally.delivered).isZero();
  }

  @Test
  void anEventOfAnotherRunIsDamaged() {
    byte[] foreign = new Payloads(0x5678, 200).next(1);
    published(1);

    feed("data: " + text(foreign) + "\n\n");

    assertThat(tally.damaged).isEqualTo(1);
  }

  @Test
  void anEventWithoutTheEmptyLineAfterItHasNotCome() {
    feed("data: " + text(published(1).get(0)) + "\n");

    assertThat(tally.delivered).isZero();
    assertThat(tally.awaited).isEqualTo(1);
  }

  @Test
  void aGapThatTheServerTellsOfIsNoDamage() {
    feed("event: gap\ndata: {\"reason\": \"slow\"}\n\n");

    assertThat(tally.gaps).isEqualTo(1);
    assertThat(tally.damaged).isZero();
  }

  @Test
  void eventsFromLongAgoAreComparedAsWell() {
    byte[] first = published(1).get(0).clone();
    byte[] damaged = first.clone();
    damaged[150] ^= 1;
    for (int i = 0; i < 20_000; i++) {
      payloads.next(i);
    }

    long known = payloads.sequenceOf(first, 0, first.length);
    long unknown = payloads.sequenceOf(damaged, 0, damaged.length);

    assertThat(known).isEqualTo(1);
    assertThat(unknown).isEqualTo(-1);
  }

  @Test
  void theEndOfTheAnswerIsSeen() {
    EventStream stream = new EventStream(tally, true, 0);
    byte[] end = "3\r\n:\n\n\r\n0\r\n\r\n".getBytes(US_ASCII);

    stream.feed(end, 0, end.length - 2, 0);

    assertThat(stream.over()).isTrue();
  }

  @Test
  void latencyCountsFromPublishingAndLeavesOutWhatIsOlderThanThePhase() {
    payloads.next(1_000);
    tally.startPhase();
    payloads.next(2_000);
    tally.awaited = 2;
    SplittableRandom random = new SplittableRandom(1);

    read(wire(List.of(payloads.kept(1), payloads.kept(2)), random), random, 5_000);

    assertThat(tally.delivered).isEqualTo(2);
    assertThat(tally.latency.getTotalCount()).isEqualTo(1);
    assertThat(tally.latency.getMaxValue()).isBetween(3_000L, 3_003L);
  }

  @Test
  void whoOpensWhileEventsAreUnderWayBeginsWithTheFirstThatComes() {
    published(5);
    tally.awaited = 0;
    EventStream stream = new EventStream(tally, false, EventStream.afterUnknown(3));
    tally.awaited += stream.owed();
    byte[] bytes =
        ("data: " + text(payloads.kept(4)) + "\n\ndata: " + text(payloads.kept(5)) + "\n\n")
            .getBytes(US_ASCII);

    stream.feed(bytes, 0, bytes.length, 0);

    assertThat(stream.owed()).isZero();
    assertThat(tally.awaited).isZero();
    assertNothingWrong();
  }

  private void assertNothingWrong() {
    assertThat(tally.lost + tally.duplicated + tally.disordered + tally.damaged + tally.gaps)
        .isZero();
  }

  private List<byte[]> published(int count) {
    List<byte[]> events = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      events.add(payloads.next(i));
    }
    tally.awaited += count;
    return events;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, US_ASCII);
  }

  private void feed(String stream) {
    byte[] bytes = stream.getBytes(US_ASCII);
    new EventStream(tally, false, 0).feed(bytes, 0, bytes.length, 0);
  }

  /** One server's way of writing events, with what else there may be between them. */
  private static byte[] wire(List<byte[]> events, SplittableRandom random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String end = random.nextBoolean() ? "\n" : "\r\n";
    String space = random.nextBoolean() ? " " : "";
    boolean ids = random.nextBoolean();
    out.writeBytes(("retry: 3000" + end + ": connected" + end + end).getBytes(US_ASCII));
    int position = 0;
    for (byte[] event : events) {
      position++;
      if (random.nextInt(5) == 0) {
        out.writeBytes((": heartbeat" + end + end).getBytes(US_ASCII));
      }
      if (ids) {
        out.writeBytes(("id: e." + position + end + "event: message" + end).getBytes(US_ASCII));
      }
      out.writeBytes(("data:" + space + text(event) + end + end).getBytes(US_ASCII));
      if (random.nextInt(7) == 0) {
        out.writeBytes(("id: e." + position + end + end).getBytes(US_ASCII));
      }
    }
    return out.toByteArray();
  }

  private void read(byte[] body, SplittableRandom random) {
    read(body, random, 0);
  }

  /** Puts it into chunks or not, and reads it in pieces: small ones, large ones, or both. */
  private void read(byte[] body, SplittableRandom random, long nowNanos) {
    boolean chunked = random.nextInt(3) > 0;
    byte[] bytes = chunked ? chunks(body, random) : body;
    EventStream stream = new EventStream(tally, chunked, 0);
    int largest = random.nextBoolean() ? 5 : 700;
    int at = 0;
    // What was read before lies around in the buffer, as it does in life.
    byte[] buffer = new byte[1024];
    random.nextBytes(buffer);
    while (at < bytes.length) {
      int count = Math.min(bytes.length - at, 1 + random.nextInt(largest));
      int from = random.nextInt(10);
      System.arraycopy(bytes, at, buffer, from, count);
      stream.feed(buffer, from, from + count, nowNanos);
      at += count;
    }
  }

  private static byte[] chunks(byte[] body, SplittableRandom random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int largest = random.nextBoolean() ? 20 : 2000;
    int at = 0;
    while (at < body.length) {
      int count = Math.min(body.length - at, 1 + random.nextInt(largest));
      String size = Integer.toHexString(count);
      String extension = random.nextInt(10) == 0 ? ";a=b" : "";
      out.writeBytes(
          (random.nextBoolean() ? size : size.toUpperCase(Locale.ROOT)).getBytes(US_ASCII));
      out.writeBytes((extension + "\r\n").getBytes(US_ASCII));
      out.write(body, at, count);
      out.writeBytes("\r\n".getBytes(US_ASCII));
      at += count;
    }
    return out.toByteArray();
  }
}
