package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** However long it runs, a log takes what its bounds say. */
class LogBoundsTest {

  private static final int EVENTS = 10_000_000;
  private static final int RING = 1024;

  /** For what the runtime itself lets grow and shrink; ten million events would be a gigabyte. */
  private static final long HEAP_SLACK_BYTES = 16L << 20;

  @Test
  void memoryIsFlatOverTenMillionEvents() {
    Log log = new Log(RING, 1 << 30, new EventId("e", 0));
    Event[] events =
        IntStream.range(0, 5000).mapToObj(i -> Event.of(topic(i), "t", "")).toArray(Event[]::new);
    append(log, events, RING);
    long bytes = log.bytes();
    long heap = usedHeap();

    for (int i = RING; i < EVENTS; i += RING) {
      append(log, events, RING);
      assertThat(log.tail() - log.head()).isEqualTo(RING);
    }

    assertThat(log.bytes()).isBetween(bytes - bytes / 2, bytes + bytes / 2);
    assertThat(log.strands().topics()).isLessThanOrEqualTo(RING);
    assertThat(usedHeap()).isLessThan(heap + HEAP_SLACK_BYTES);
  }

  @Test
  void nothingIsKeptOfTopicsThatHaveNoEventAnyMore() {
    Log log = new Log(16, 1 << 30, new EventId("e", 0));
    for (int i = 0; i < 10_000; i++) {
      log.append(Event.of(Topic.of("a/" + i + "/b"), "t", ""), Instant.EPOCH);
    }

    for (int i = 0; i < 16; i++) {
      log.append(Event.of(Topic.of("z"), "t", ""), Instant.EPOCH);
    }

    assertThat(log.strands().topics()).isEqualTo(1);
    assertThat(log.bytes())
        .isEqualTo(
            Strands.TOPIC_BYTES + 16 * Entry.OfEvent.bytes(Event.of(Topic.of("z"), "t", "")));
  }

  @Test
  void aTopicThatOnceHadManyEventsTakesNoMoreThanItHasNow() {
    Strand strand = new Strand();
    for (long sequence = 1; sequence <= 10_000; sequence++) {
      strand.add(sequence);
    }

    for (int i = 0; i < 9_999; i++) {
      strand.removeOldest();
    }

    assertThat(strand.room()).isLessThanOrEqualTo(4);
    assertThat(strand.at(strand.ordinalFrom(1))).isEqualTo(10_000);
  }

  @Test
  void theTreeOfTopicsIsEmptyWhenTheLastOneGoes() {
    Strands strands = new Strands();
    String[] names = {"a", "a/b", "a/b/c", "a/d", "x/y/z"};
    for (int i = 0; i < names.length; i++) {
      strands.add(Topic.of(names[i]), i + 1);
    }

    for (String name : names) {
      strands.removeOldest(Topic.of(name));
    }

    assertThat(strands.isEmpty()).isTrue();
    assertThat(strands.bytes()).isZero();
  }

  /** Most are there to stay, and one of eight comes and goes. */
  private static Topic topic(int i) {
    return Topic.of(i % 8 == 0 ? "seldom/" + i + "/board" : "project/" + i % 200 + "/board");
  }

  private static void append(Log log, Event[] events, int count) {
    int from = (int) (log.tail() % events.length);
    for (int i = 0; i < count; i++) {
      log.append(events[(from + i) % events.length], Instant.EPOCH);
    }
  }

  private static long usedHeap() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
