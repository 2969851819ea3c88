package dev.eventbroker.benchmarks.inprocess;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/** Takes figures out of what JMH answers. */
final class Figures {

  private static final String ALLOCATED_PER_OPERATION = "gc.alloc.rate.norm";
  private static final double NANOS_PER_MICRO = 1000;

  private Figures() {}

  /** Deliveries per second, and what each allocated. */
  static Map<String, Double> ofFanout(Collection<RunResult> results) {
    RunResult run = only(results);
    Result<?> deliveries = run.getSecondaryResults().get("deliveries");
    double batchesPerSecond = run.getPrimaryResult().getScore();
    Map<String, Double> figures = new TreeMap<>();
    figures.put("deliveriesPerSecond", deliveries.getScore());
    figures.put("bytesPerDelivery", allocated(run) * batchesPerSecond / deliveries.getScore());
    if (Double.isFinite(deliveries.getScoreError())) {
      figures.put("errorDeliveriesPerSecond", deliveries.getScoreError());
    }
    return figures;
  }

  /** The processor time that a publish took its caller. */
  static Map<String, Double> ofPublish(Collection<RunResult> results, String figure) {
    RunResult run = only(results);
    double nanos = run.getSecondaryResults().get("processorNanos").getScore();
    double publishes = run.getSecondaryResults().get("publishes").getScore();
    return Map.of(figure, nanos / publishes);
  }

  /** Pairs per second, and what each allocated. */
  static Map<String, Double> ofSubscribe(Collection<RunResult> results) {
    RunResult run = only(results);
    return Map.of(
        "pairsPerSecond", run.getPrimaryResult().getScore(), "bytesPerPair", allocated(run));
  }

  /** Nanoseconds per event. */
  static Map<String, Double> ofMatching(Collection<RunResult> results) {
    return Map.of("nanosPerEvent", only(results).getPrimaryResult().getScore());
  }

  /**
   * Events per second.
   *
   * @param events of one replay
   */
  static Map<String, Double> ofReplay(Collection<RunResult> results, int events) {
    return Map.of("eventsPerSecond", only(results).getPrimaryResult().getScore() * events);
  }

  /** Tasks per second where many are at it, and how long one takes by itself. */
  static Map<String, Double> ofDetached(Collection<RunResult> results) {
    Map<String, Double> figures = new TreeMap<>();
    for (RunResult run : results) {
      if (run.getParams().getMode() == Mode.Throughput) {
        figures.put("tasksPerSecond", run.getPrimaryResult().getScore());
      } else {
        figures.put("p50Micros", percentile(run, 50) / NANOS_PER_MICRO);
        figures.put("p99Micros", percentile(run, 99) / NANOS_PER_MICRO);
      }
    }
    return figures;
  }

  /** Frames per second, and what each allocated. */
  static Map<String, Double> ofFraming(Collection<RunResult> results) {
    RunResult run = only(results);
    return Map.of(
        "framesPerSecond", run.getPrimaryResult().getScore(), "bytesPerFrame", allocated(run));
  }

  private static double percentile(RunResult run, double percent) {
    return run.getPrimaryResult().getStatistics().getPercentile(percent);
  }

  private static double allocated(RunResult run) {
    return run.getSecondaryResults().get(ALLOCATED_PER_OPERATION).getScore();
  }

  private static RunResult only(Collection<RunResult> results) {
    if (results.size() != 1) {
      throw new IllegalStateException("results: " + results.size() + " (expected: 1)");
    }
    return results.iterator().next();
  }
}
