package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.testing.LogLines;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Histories of two nodes and a database, at random: committed is delivered or a gap, rolled back is
 * never seen, one order, one id.
 *
 * <p>More of them: {@code -Dhistory.pg.count=5000}; one: {@code -Dhistory.pg.seed=17}. How the
 * checker works and what it has caught is in docs/postgres-faults.md.
 */
class PgHistoryTest {

  private static final long COUNT = Long.getLong("history.pg.count", 200);
  private static final long ONE = Long.getLong("history.pg.seed", -1);

  /** They wait for reconnects most of the time, so several go side by side on one server. */
  private static final int SIDE_BY_SIDE = Integer.getInteger("history.pg.parallel", 6);

  private final AtomicLong delivered = new AtomicLong();

  @Test
  void everyHistoryKeepsThePromise(@TempDir Path data) throws Exception {
    LongStream seeds = ONE >= 0 ? LongStream.of(ONE) : LongStream.range(0, COUNT);
    ExecutorService histories = Executors.newFixedThreadPool(SIDE_BY_SIDE);
    ExecutorService actors = Executors.newCachedThreadPool();
    List<String> wrong = new ArrayList<>();
    LogLines silent = new LogLines("dev.eventbroker.pg");
    try (silent;
        OwnServer server = new OwnServer(data)) {
      List<Future<List<String>>> running = new ArrayList<>();
      seeds.forEach(seed -> running.add(histories.submit(() -> violations(seed, server, actors))));
      for (Future<List<String>> history : running) {
        wrong.addAll(history.get());
        if (!wrong.isEmpty()) {
          running.forEach(rest -> rest.cancel(false));
          break;
        }
      }
      histories.shutdownNow();
    } finally {
      histories.shutdownNow();
      actors.shutdownNow();
    }

    assertThat(wrong).as(String.join("\n", wrong)).isEmpty();
    assertThat(delivered.get()).isPositive();
  }

  private List<String> violations(long seed, OwnServer server, ExecutorService actors) {
    try (PgHistory history = new PgHistory(seed, server)) {
      try {
        PgHistoryChecker checker = history.run(actors);
        delivered.addAndGet(checker.delivered());
        List<String> violations = new ArrayList<>(checker.violations());
        if (checker.gaps() > 0) {
          violations.add(checker.gaps() + " gaps, though nothing was lost that is kept");
        }
        return told(seed, history, violations);
      } catch (Exception | AssertionError e) {
        return told(seed, history, List.of(e.toString()));
      }
    } catch (Exception | AssertionError e) {
      return List.of("seed " + seed + ": " + e);
    }
  }

  private static List<String> told(long seed, PgHistory history, List<String> violations) {
    if (violations.isEmpty()) {
      return List.of();
    }
    List<String> told = new ArrayList<>();
    told.add("seed " + seed);
    told.addAll(violations);
    told.addAll(history.trace());
    return told;
  }
}
