package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.testing.LogLines;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The simulation over the store in memory. {@code -Dsimulation.seed=N} runs one seed, {@code
 * -Dsimulation.seeds=N} so many.
 */
class SessionSimulationTest {

  private static final int STEPS = 150;
  private static final int SEEDS = 600;

  /** One in which sessions end in every way. */
  private static final long SEED_OF_ALL = 8;

  private final LogLines lines = new LogLines("dev.eventbroker.sessions");

  @BeforeEach
  void quiet() {
    assertThat(lines.at(ch.qos.logback.classic.Level.WARN)).isEmpty();
  }

  @AfterEach
  void close() {
    lines.close();
  }

  @Test
  void whateverHappensLocksTellTheTruth() {
    Long only = Long.getLong("simulation.seed");
    LongStream seeds =
        only == null
            ? LongStream.range(0, Integer.getInteger("simulation.seeds", SEEDS))
            : LongStream.of(only);

    seeds.forEach(seed -> SessionSimulation.run(seed, STEPS, MemorySessionStore::new));
  }

  @Test
  void aSeedIsTheSameRunAgain() {
    List<String> first =
        reasons(SessionSimulation.run(SEED_OF_ALL, STEPS, MemorySessionStore::new));
    List<String> again =
        reasons(SessionSimulation.run(SEED_OF_ALL, STEPS, MemorySessionStore::new));

    assertThat(again).isEqualTo(first);
    assertThat(String.join(" ", first))
        .contains("released expired", "released disconnected", "released taken_over", "lost");
  }

  /** Ids are new in each run. */
  private static List<String> reasons(List<String> events) {
    return events.stream().map(event -> event.substring(event.indexOf(' ') + 1)).sorted().toList();
  }
}
