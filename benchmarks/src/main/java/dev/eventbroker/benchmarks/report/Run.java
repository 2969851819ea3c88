package dev.eventbroker.benchmarks.report;

import java.io.PrintStream;
import java.util.Map;
import java.util.Objects;

/**
 * One run of the benchmarks: all that is compared with each other.
 *
 * @param id names it in its results: the moment it began, as {@code 2026-11-21T09:00:00Z}
 * @param rounds how often every peer has its turn
 * @param effort how much is measured
 * @param results where each measurement goes as soon as it is there
 * @param progress where a person sees how far it is
 */
public record Run(String id, int rounds, Effort effort, ResultsFile results, PrintStream progress) {

  /** How much of everything a run measures. */
  public enum Effort {
    /** Us and the floor only, a few seconds each: enough to see that something broke. */
    GUARD,
    /** Every peer, one load of each kind: a quarter of an hour in all. */
    SHORT,
    /** Every peer, every load. */
    FULL
  }

  /**
   * Checks its parts.
   *
   * @throws IllegalArgumentException if {@code rounds} is not positive
   */
  public Run {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(effort, "effort");
    Objects.requireNonNull(results, "results");
    Objects.requireNonNull(progress, "progress");
    if (rounds < 1) {
      throw new IllegalArgumentException("rounds: " + rounds + " (expected: > 0)");
    }
  }

  /** Stores a measurement of this run by a peer on this JDK, and says so. */
  public void measured(
      String scenario,
      String peer,
      int round,
      Map<String, Long> parameters,
      Map<String, Double> figures) {
    Result result =
        new Result(id, scenario, peer, round, parameters, figures, Runtime.version().feature());
    results.append(result);
    progress.println(scenario + " " + peer + " round " + round + " " + parameters + " " + figures);
  }
}
