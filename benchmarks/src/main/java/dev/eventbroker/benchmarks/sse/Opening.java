package dev.eventbroker.benchmarks.sse;

import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * How a number of connections came to be open.
 *
 * @param headers from {@code connect()} to the end of the headers, in nanoseconds
 * @param seconds from the first to the last
 * @param withoutHeaders how many had none two seconds after the last
 * @param serverCpuMicros of the server for each of them
 */
record Opening(Histogram headers, double seconds, long withoutHeaders, double serverCpuMicros) {

  /**
   * What distinguishes it from others.
   *
   * @param connections how many were opened
   * @param before how many this server had had before, open or not
   */
  static Map<String, Long> parameters(int connections, int before) {
    return Map.of("connections", (long) connections, "before", (long) before);
  }

  /** What it came to; no times where no connection had headers before its first event. */
  Map<String, Double> figures() {
    Map<String, Double> figures = new HashMap<>();
    if (headers.getTotalCount() > 0) {
      figures.put("p50Millis", headers.getValueAtPercentile(50) / 1e6);
      figures.put("p99Millis", headers.getValueAtPercentile(99) / 1e6);
      figures.put("maxMillis", headers.getMaxValue() / 1e6);
    }
    figures.put("seconds", seconds);
    figures.put("withoutHeaders", (double) withoutHeaders);
    figures.put("serverCpuMicrosPerConnection", serverCpuMicros);
    return figures;
  }
}
