package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * Readers race with a publisher that evicts what they read: each hands out the exact run, or says
 * that it was overtaken after a part of it without a hole. What is on which topic follows from the
 * sequence, so that the run is known without looking at the log.
 */
class ReplayRaceTest {

  private static final int READERS = 3;
  private static final int RUNS_EACH = 1500;
  private static final int CAPACITY = 1024;

  private final Log log = new Log(CAPACITY, 1L << 40, new EventId("e", 0));
  private final AtomicBoolean stopped = new AtomicBoolean();

  @Test
  void aReplayIsExactOrSaysThatItWasOvertaken() throws Exception {
    for (int i = 0; i < CAPACITY; i++) {
      appendNext();
    }
    ExecutorService threads = Executors.newFixedThreadPool(READERS + 1);
    try {
      CompletableFuture<Void> publisher = CompletableFuture.runAsync(this::publish, threads);
      List<CompletableFuture<int[]>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        long seed = i;
        readers.add(CompletableFuture.supplyAsync(() -> read(seed), threads));
      }
      int exact = 0;
      int overtaken = 0;
      for (CompletableFuture<int[]> reader : readers) {
        int[] counts = reader.get(120, TimeUnit.SECONDS);
        exact += counts[0];
        overtaken += counts[1];
      }
      stopped.set(true);
      publisher.get(30, TimeUnit.SECONDS);

      assertThat(exact).as("runs that were whole").isGreaterThan(RUNS_EACH / 10);
      assertThat(overtaken).as("runs that were overtaken").isPositive();
    } finally {
      stopped.set(true);
      threads.shutdownNow();
    }
  }

  private void publish() {
    while (!stopped.get()) {
      appendNext();
    }
  }

  private void appendNext() {
    log.append(Event.of(topicAt(log.tail()), "t", ""), Instant.EPOCH);
  }

  /** A topic that always has events, a few that come and go, and many that come once. */
  private static Topic topicAt(long sequence) {
    if (sequence % 3 == 0) {
      return Topic.of("a");
    }
    return sequence % 3 == 1
        ? Topic.of("b/" + (sequence / 500) % 5)
        : Topic.of("c/" + sequence % 9 + "/x");
  }

  private int[] read(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<List<TopicFilter>> wanted =
        List.of(
            List.of(TopicFilter.of("a")),
            List.of(TopicFilter.of("b/*"), TopicFilter.of("a")),
            List.of(TopicFilter.of("b/2"), TopicFilter.of("c/3/x")),
            List.of(TopicFilter.of("c/**")));
    int[] counts = new int[2];
    for (int run = 0; run < RUNS_EACH; run++) {
      List<TopicFilter> filters = wanted.get(random.nextInt(wanted.size()));
      long tail = log.tail();
      long from = tail - 300 - random.nextInt(CAPACITY - 300);
      counts[readOnce(filters, from, tail, random) ? 0 : 1]++;
    }
    return counts;
  }

  private boolean readOnce(
      List<TopicFilter> filters, long from, long until, SplittableRandom random) {
    Replay replay =
        Replay.of(
            log, filters, from, new EventId("e", from - 1), until, new EventId("e", until - 1));
    List<Long> found = new ArrayList<>();
    while (!replay.isOver() && !replay.isOvertaken()) {
      replay.read(1 + random.nextInt(50), entry -> found.add(entry.sequence));
    }
    List<Long> expected = expected(filters, from, replay.position());
    assertThat(found).as("%s from %d to %d", filters, from, until).isEqualTo(expected);
    if (replay.isOvertaken()) {
      assertThat(log.head()).isGreaterThan(replay.position());
      return false;
    }
    assertThat(replay.position()).isEqualTo(until);
    return true;
  }

  private static List<Long> expected(List<TopicFilter> filters, long from, long until) {
    List<Long> expected = new ArrayList<>();
    for (long sequence = from; sequence < until; sequence++) {
      Topic topic = topicAt(sequence);
      if (filters.stream().anyMatch(filter -> filter.matches(topic))) {
        expected.add(sequence);
      }
    }
    return expected;
  }
}
