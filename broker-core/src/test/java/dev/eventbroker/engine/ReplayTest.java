package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Revocation;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reading by topic hands out what reading everything would. */
class ReplayTest {

  private static final EventId BEGIN = new EventId("e", 0);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void itHandsOutWhatALookAtEveryEntryFinds(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Log log = new Log(2048, 1 << 30, BEGIN);
    for (int round = 0; round < 100; round++) {
      appendSome(log, random);
      List<TopicFilter> filters = randomFilters(random);
      long from = random.nextLong(log.head(), log.tail() + 1);
      long until = random.nextLong(from, log.tail() + 1);

      List<Long> found = readAll(replay(log, filters, from, until), random);

      assertThat(found)
          .as("seed %d round %d %s", seed, round, filters)
          .isEqualTo(scan(log, filters, from, until));
    }
  }

  @Test
  void itLooksAtNoMoreThanWhatMatches() {
    Log log = new Log(65_536, 1L << 40, BEGIN);
    for (int i = 0; i < 60_000; i++) {
      append(log, i % 10_000 == 0 ? "rare/x" : "often/" + i % 100);
    }
    Replay replay = replay(log, List.of(TopicFilter.of("rare/*")), 2, log.tail());
    List<Long> found = new ArrayList<>();

    replay.read(6, entry -> found.add(entry.sequence));

    assertThat(found).containsExactly(10_001L, 20_001L, 30_001L, 40_001L, 50_001L);
    assertThat(replay.isOver()).isTrue();
    assertThat(replay.settled()).isEqualTo(new EventId("e", 60_000));
  }

  @Test
  void filtersThatLeadToMostTopicsCostALookAtEveryEntryAndNoMore() {
    Log log = new Log(65_536, 1L << 40, BEGIN);
    for (int i = 0; i < 60_000; i++) {
      append(log, "topic/" + i);
    }
    List<TopicFilter> filters = List.of(TopicFilter.of("*/7"), TopicFilter.of("*/*/none"));
    Replay replay = replay(log, filters, 2, log.tail());
    List<Long> found = new ArrayList<>();

    replay.read(59_999, entry -> found.add(entry.sequence));

    assertThat(found).containsExactly(8L);
    assertThat(replay.isOver()).isTrue();
  }

  @Test
  void itDoesNotGoOnWhereItWouldReadBeyondTheEndThatIsAskedFor() {
    Log log = new Log(1024, 1 << 30, BEGIN);
    for (int i = 0; i < 600; i++) {
      append(log, "a");
    }
    List<TopicFilter> filters = List.of(TopicFilter.ALL);

    Replay replay = replay(log, filters, 1, 600);

    assertThat(replay.goesOn(filters, 1, 600)).isTrue();
    assertThat(replay.goesOn(filters, 1, 599)).isFalse();
    assertThat(replay.goesOn(filters, 2, 600)).isFalse();
    assertThat(replay.goesOn(List.of(TopicFilter.of("a")), 1, 600)).isFalse();
  }

  @Test
  void whatIsRefusedComesAgain() {
    Log log = new Log(1024, 1 << 30, BEGIN);
    for (int i = 0; i < 600; i++) {
      append(log, i % 2 == 0 ? "a" : "b");
    }
    Replay replay = replay(log, List.of(TopicFilter.of("a")), 1, log.tail());

    replay.read(100, entry -> entry.sequence < 5);

    assertThat(replay.position()).isEqualTo(5);
    assertThat(replay.settled()).isEqualTo(new EventId("e", 3));
    List<Long> again = new ArrayList<>();
    replay.read(2, entry -> again.add(entry.sequence));
    assertThat(again).containsExactly(5L, 7L);
  }

  @Test
  void whoWasOvertakenKnowsUpToWhereItHadRead() {
    Log log = new Log(1024, 1 << 30, BEGIN);
    for (int i = 0; i < 1000; i++) {
      append(log, i % 2 == 0 ? "a" : "b");
    }
    Replay replay = replay(log, List.of(TopicFilter.of("a")), 1, log.tail());
    replay.read(3, entry -> true);

    for (int i = 0; i < 500; i++) {
      append(log, "b");
    }
    replay.read(3, entry -> true);

    assertThat(replay.isOvertaken()).isTrue();
    assertThat(replay.settled()).isEqualTo(new EventId("e", 5));
    assertThat(replay.position()).isLessThanOrEqualTo(log.head());
  }

  @Test
  void whatIsGoneDoesNotCountAsLostUnlessItMatches() {
    Log log = new Log(1024, 1 << 30, BEGIN);
    append(log, "a");
    for (int i = 0; i < 998; i++) {
      append(log, "b");
    }
    append(log, "a");
    Replay replay = replay(log, List.of(TopicFilter.of("a")), 1, log.tail());
    List<Long> found = new ArrayList<>();
    replay.read(1, entry -> found.add(entry.sequence));

    for (int i = 0; i < 900; i++) {
      append(log, "b");
    }
    replay.read(10, entry -> found.add(entry.sequence));

    assertThat(found).containsExactly(1L, 1000L);
    assertThat(replay.isOver()).isTrue();
  }

  @Test
  void aStartThatTheLogHasMovedPastIsOvertakenAtOnce() {
    Log log = new Log(1024, 1 << 30, BEGIN);
    for (int i = 0; i < 1100; i++) {
      append(log, "a");
    }

    assertThat(replay(log, List.of(TopicFilter.ALL), 5, log.tail()).isOvertaken()).isTrue();
  }

  static Replay replay(Log log, List<TopicFilter> filters, long from, long until) {
    EventId place = log.tail() == until ? log.cursor() : BEGIN;
    return Replay.of(log, filters, from, BEGIN, until, place);
  }

  /** In turns of random lengths, with refusals in between. */
  private static List<Long> readAll(Replay replay, SplittableRandom random) {
    List<Long> found = new ArrayList<>();
    while (!replay.isOver() && !replay.isOvertaken()) {
      replay.read(
          1 + random.nextInt(100), entry -> random.nextInt(10) > 0 && found.add(entry.sequence));
    }
    assertThat(replay.isOvertaken()).isFalse();
    return found;
  }

  static List<Long> scan(Log log, List<TopicFilter> filters, long from, long until) {
    List<Long> found = new ArrayList<>();
    for (long sequence = from; sequence < until; sequence++) {
      Entry entry = log.get(sequence);
      if (!(entry instanceof Entry.OfEvent event)
          || filters.stream().anyMatch(filter -> filter.matches(event.event.topic()))) {
        found.add(sequence);
      }
    }
    return found;
  }

  private static void appendSome(Log log, SplittableRandom random) {
    for (int i = random.nextInt(500); i > 0; i--) {
      switch (random.nextInt(20)) {
        case 0 -> log.appendGap(Gap.Reason.SOURCE, TopicFilter.ALL);
        case 1 -> log.append(new Revocation("ann", TopicFilter.ALL), Instant.EPOCH);
        case 2 -> log.appendLocal(Event.of(randomTopic(random), "t", ""), Instant.EPOCH);
        default -> log.append(Event.of(randomTopic(random), "t", ""), Instant.EPOCH);
      }
    }
  }

  private static List<TopicFilter> randomFilters(SplittableRandom random) {
    List<TopicFilter> filters = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      List<String> levels = new ArrayList<>(randomTopic(random).levels());
      levels.replaceAll(level -> random.nextInt(4) == 0 ? TopicFilter.ONE : level);
      if (random.nextInt(4) == 0) {
        levels.add(TopicFilter.REST);
      }
      filters.add(TopicFilter.of(String.join("/", levels)));
    }
    return filters;
  }

  /** Some topics come often and some seldom, so that strands come and go. */
  private static Topic randomTopic(SplittableRandom random) {
    StringBuilder name = new StringBuilder("a");
    for (int i = random.nextInt(3); i > 0; i--) {
      int spread = random.nextInt(4) == 0 ? 40 : 2;
      name.append('/').append(random.nextInt(spread));
    }
    return Topic.of(name.toString());
  }

  private static void append(Log log, String topic) {
    log.append(Event.of(Topic.of(topic), "t", ""), Instant.EPOCH);
  }
}
