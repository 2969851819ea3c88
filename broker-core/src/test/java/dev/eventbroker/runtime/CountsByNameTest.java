package dev.eventbroker.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CountsByNameTest {

  /** Without its lock the bound breaks in some of them. */
  private static final int ROUNDS = 3_000;

  private final CountsByName counts = new CountsByName();

  @Test
  void eachNameIsCountedByItself() {
    counts.increment("slow");
    counts.increment("slow");
    counts.increment("failed");

    assertThat(counts.counts()).containsOnly(entry("slow", 2), entry("failed", 1));
  }

  @Test
  void namesBeyondTheBoundAreCountedTogether() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<?>> all = new ArrayList<>();
    for (int thread = 0; thread < 4; thread++) {
      all.add(
          threads.submit(
              () -> {
                for (int i = 0; i < 1_000; i++) {
                  counts.increment("made up " + i);
                }
              }));
    }
    for (Future<?> one : all) {
      one.get(30, TimeUnit.SECONDS);
    }
    threads.shutdownNow();

    assertThat(counts.counts()).hasSize(CountsByName.MAX_NAMES + 1);
    assertThat(counts.counts().values().stream().mapToLong(Long::longValue).sum()).isEqualTo(4_000);
    assertThat(counts.counts())
        .containsEntry(CountsByName.OTHER, 4L * (1_000 - CountsByName.MAX_NAMES));
  }

  /** Many short races at the bound, for there the threads meet and elsewhere they do not. */
  @Test
  void threadsThatNameTheLastOnesAtOneMomentStayWithinTheBound() throws Exception {
    List<CountsByName> rounds =
        Stream.generate(CountsByNameTest::almostFull).limit(ROUNDS).toList();
    AtomicInteger arrived = new AtomicInteger();
    ExecutorService pool = Executors.newFixedThreadPool(2);

    try {
      Future<?> one = pool.submit(() -> incrementTogether(rounds, "one", arrived));
      Future<?> other = pool.submit(() -> incrementTogether(rounds, "other one", arrived));
      one.get(60, TimeUnit.SECONDS);
      other.get(60, TimeUnit.SECONDS);
    } finally {
      pool.shutdownNow();
    }

    assertThat(rounds.stream().filter(counted -> !isWithinBound(counted)).count()).isZero();
  }

  private static boolean isWithinBound(CountsByName counted) {
    Map<String, Long> counts = counted.counts();
    return counts.size() == CountsByName.MAX_NAMES + 1
        && Long.valueOf(1).equals(counts.get(CountsByName.OTHER));
  }

  private static CountsByName almostFull() {
    CountsByName almostFull = new CountsByName();
    for (int i = 1; i < CountsByName.MAX_NAMES; i++) {
      almostFull.increment("known " + i);
    }
    return almostFull;
  }

  /** Spins, for threads that are woken do not come at one moment. */
  private static void incrementTogether(
      List<CountsByName> rounds, String name, AtomicInteger arrived) {
    int both = 0;
    for (CountsByName round : rounds) {
      both += 2;
      arrived.incrementAndGet();
      while (arrived.get() < both && !Thread.currentThread().isInterrupted()) {
        Thread.onSpinWait();
      }
      round.increment(name);
    }
  }

  private static Map.Entry<String, Long> entry(String name, long count) {
    return Map.entry(name, count);
  }
}
