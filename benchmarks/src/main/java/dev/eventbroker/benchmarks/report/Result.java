package dev.eventbroker.benchmarks.report;

import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * One measurement: one peer, once, under one load. A line of a results file.
 *
 * @param run names the run that it belongs to (the moment it began); only figures of one run are
 *     compared with each other
 * @param scenario what was done, as {@code sse/closed} or {@code inprocess/fanout}
 * @param peer who did it, as {@code eventbroker-nio} or {@code loop}
 * @param round counts from 1; in one round every peer has its turn once, one after another
 * @param parameters what was asked for, as {@code connections=1000}
 * @param figures what was measured; each name ends in its unit, as {@code p99Millis}
 * @param jdk feature version of the peer's JVM, or 0 where it has none
 */
public record Result(
    String run,
    String scenario,
    String peer,
    int round,
    Map<String, Long> parameters,
    Map<String, Double> figures,
    int jdk) {

  /**
   * Keeps sorted copies of the maps, so that lines can be compared by eye.
   *
   * @throws IllegalArgumentException if the round is not positive
   */
  public Result {
    Objects.requireNonNull(run, "run");
    Objects.requireNonNull(scenario, "scenario");
    Objects.requireNonNull(peer, "peer");
    if (round < 1) {
      throw new IllegalArgumentException("round: " + round + " (expected: > 0)");
    }
    parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
    figures = Collections.unmodifiableSortedMap(new TreeMap<>(figures));
  }
}
