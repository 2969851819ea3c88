package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.benchmarks.report.Run;
import java.util.List;

/** Everything that is measured on PostgreSQL, on a server that is started for it. */
public final class PostgresSuite {

  private PostgresSuite() {}

  /**
   * Measures as much as the run asks for: nothing in a {@link Run.Effort#GUARD guard}, for a disk
   * that others write to would decide; about three minutes for three rounds in a short run, seven
   * in a full one.
   *
   * @throws IllegalStateException if something can't be measured
   */
  public static void run(Run run) {
    switch (run.effort()) {
      case GUARD -> run.progress().println("postgres: nothing in a guard");
      case SHORT -> run(run, new Load(100_000, 500, List.of(16), 100, List.of(1_000, 10_000)));
      case FULL ->
          run(
              run,
              new Load(300_000, 2_000, List.of(1, 4, 16), 300, List.of(1_000, 10_000, 100_000)));
    }
  }

  /**
   * How much is measured.
   *
   * @param events through the outbox
   * @param samples of latency
   * @param writers how many there are at a time
   * @param transactions of many notifications each
   * @param sessions how many there are
   */
  private record Load(
      int events, int samples, List<Integer> writers, int transactions, List<Integer> sessions) {}

  private static void run(Run run, Load load) {
    try {
      measure(run, load);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("postgres: not measured to the end", e);
    }
  }

  private static void measure(Run run, Load load) throws Exception {
    try (BenchmarkDatabase database = BenchmarkDatabase.open()) {
      new WriterCost(database).measure(run, load.writers());
      new ListenerComparison(database).measure(run, load.samples(), load.transactions());
      new OutboxLatency(database).measure(run, load.samples());
      new OutboxThroughput(database).measure(run, load.events());
    }
    SessionCost.measure(run, load.sessions());
  }
}
