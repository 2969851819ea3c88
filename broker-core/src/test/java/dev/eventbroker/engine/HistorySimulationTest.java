package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.fail;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * The promise, on injected schedules: many histories, each made by a seed. A failure tells its
 * seed, and {@code -Dhistory.seed=…} runs that one alone.
 */
class HistorySimulationTest {

  private static final int HISTORIES = Integer.getInteger("history.count", 10_000);
  private static final Optional<Long> ONLY = Optional.ofNullable(Long.getLong("history.seed"));

  private static final Logger logger = (Logger) LoggerFactory.getLogger("dev.eventbroker");

  @BeforeAll
  static void subscribersThrowOnPurposeHere() {
    logger.setLevel(Level.OFF);
  }

  @AfterAll
  static void logAgain() {
    logger.setLevel(null);
  }

  @Test
  void everyRecordIsContiguousOrSaysWhereItWasBroken() {
    if (ONLY.isPresent()) {
      run(ONLY.get());
      return;
    }
    for (long seed = 0; seed < HISTORIES; seed++) {
      run(seed);
    }
  }

  private static void run(long seed) {
    HistorySimulation simulation = new HistorySimulation(seed);
    Optional<String> wrong;
    try {
      wrong = simulation.run();
    } catch (RuntimeException | Error e) {
      throw new AssertionError(told(seed, simulation, e.toString()), e);
    }
    if (wrong.isPresent()) {
      fail(told(seed, simulation, wrong.get()));
    }
  }

  private static String told(long seed, HistorySimulation simulation, String wrong) {
    return "seed %d: %s%n(run it alone: -Dhistory.seed=%d)%n%s"
        .formatted(seed, wrong, seed, String.join("\n", simulation.trace()));
  }
}
