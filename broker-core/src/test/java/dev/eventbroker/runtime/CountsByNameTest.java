package dev.eventbroker.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CountsByNameTest {

  /** Without its lock the bound breaks within the first few hundred. */
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
    int threads = 4;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    CyclicBarrier together = new CyclicBarrier(threads);

    try {
      for (int round = 0; round < ROUNDS; round++) {
        CountsByName almostFull = new CountsByName();
        for (int i = 1; i < CountsByName.MAX_NAMES; i++) {
          almostFull.increment("known " + i);
        }
        List<Future<?>> all = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
          String name = "new " + thread;
          all.add(
              pool.submit(
                  () -> {
                    together.await(30, TimeUnit.SECONDS);
                    almostFull.increment(name);
                    return name;
                  }));
        }
        for (Future<?> one : all) {
          one.get(60, TimeUnit.SECONDS);
        }

        assertThat(almostFull.counts())
            .hasSize(CountsByName.MAX_NAMES + 1)
            .containsEntry(CountsByName.OTHER, threads - 1L);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private static java.util.Map.Entry<String, Long> entry(String name, long count) {
    return java.util.Map.entry(name, count);
  }
}
