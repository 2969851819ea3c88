package dev.eventbroker.benchmarks.sse;

import java.util.LinkedHashMap;
import java.util.Map;

/** A stretch of time in which a group of connections is looked at, and what came out of it. */
final class Phase {

  private final ReaderGroup group;
  private final ProcessFigures server;
  private final int closedBefore;
  private final double serverCpuBefore;
  private final double ownCpuBefore;
  private final long startNanos;

  /** Starts now. */
  Phase(ReaderGroup group, ProcessFigures server) {
    this.group = group;
    this.server = server;
    group.tally.startPhase();
    this.closedBefore = group.closedByServer();
    this.serverCpuBefore = server.cpuSeconds();
    this.ownCpuBefore = ProcessFigures.ownCpuSeconds();
    this.startNanos = System.nanoTime();
  }

  /** Returns what came out of it until now. */
  Map<String, Double> figures() {
    double serverCpu = server.cpuSeconds() - serverCpuBefore;
    double ownCpu = ProcessFigures.ownCpuSeconds() - ownCpuBefore;
    Tally tally = group.tally;
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    // What was waited for in vain after the last delivery says nothing about speed.
    double delivering = Math.max(tally.lastDeliveryNanos - startNanos, 1) / 1e9;
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("deliveriesPerSecond", tally.delivered / delivering);
    figures.put("serverCpuMicrosPerDelivery", serverCpu * 1e6 / Math.max(tally.delivered, 1));
    figures.put("p50Millis", millis(50));
    figures.put("p99Millis", millis(99));
    figures.put("p999Millis", millis(99.9));
    figures.put("maxMillis", tally.latency.getMaxValue() / 1e6);
    figures.put("lost", (double) tally.lost + group.owed());
    figures.put("duplicated", (double) tally.duplicated);
    figures.put("disordered", (double) tally.disordered);
    figures.put("damaged", (double) tally.damaged);
    figures.put("gaps", (double) tally.gaps);
    figures.put("closedByServer", (double) group.closedByServer() - closedBefore);
    figures.put("serverBusy", serverCpu / seconds);
    figures.put("clientBusy", ownCpu / seconds);
    return figures;
  }

  /** Returns that percentile of the time from publishing to receipt. */
  double millis(double percentile) {
    return group.tally.latency.getValueAtPercentile(percentile) / 1e6;
  }
}
