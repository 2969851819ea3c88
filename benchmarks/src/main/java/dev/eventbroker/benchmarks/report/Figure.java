package dev.eventbroker.benchmarks.report;

import java.util.Map;
import java.util.Set;

/** What a reader calls a figure, and whether more of it is better. */
final class Figure {

  private static final Map<String, String> HEADINGS =
      Map.ofEntries(
          Map.entry("deliveriesPerSecond", "deliveries/s"),
          Map.entry("eventsPerSecond", "events/s"),
          Map.entry("framesPerSecond", "frames/s"),
          Map.entry("pairsPerSecond", "pairs/s"),
          Map.entry("tasksPerSecond", "tasks/s"),
          Map.entry("transactionsPerSecond", "transactions/s"),
          Map.entry("bytesPerDelivery", "bytes allocated per delivery"),
          Map.entry("bytesPerPair", "bytes allocated per pair"),
          Map.entry("bytesPerFrame", "bytes allocated per frame"),
          Map.entry("publishNanos", "ns per publish"),
          Map.entry("restedPublishNanos", "ns per publish after 1 ms without one"),
          Map.entry("nanosPerEvent", "ns per event"),
          Map.entry("p50Micros", "p50 µs"),
          Map.entry("p99Micros", "p99 µs"),
          Map.entry("p50Millis", "p50 ms"),
          Map.entry("p90Millis", "p90 ms"),
          Map.entry("p99Millis", "p99 ms"),
          Map.entry("p999Millis", "p99.9 ms"),
          Map.entry("maxMillis", "max ms"),
          Map.entry("serverCpuMicrosPerDelivery", "server CPU µs per delivery"),
          Map.entry("serverCpuMicrosPerConnection", "server CPU µs per connection"),
          Map.entry("errorDeliveriesPerSecond", "JMH's error, deliveries/s"),
          Map.entry("gaps", "gaps told"),
          Map.entry("closedByServer", "closed by the server"),
          Map.entry("serverBusy", "server busy"),
          Map.entry("clientBusy", "client busy"),
          Map.entry("rssStartMib", "RSS before, MiB"),
          Map.entry("rssPeakMib", "RSS at most, MiB"),
          Map.entry("stalledClosed", "stalled ones closed"),
          Map.entry("seconds", "all open, s"),
          Map.entry("withoutHeaders", "without headers"),
          Map.entry("rssKibPerConnection", "RSS per connection, KiB"),
          Map.entry("heapKibPerConnection", "live heap per connection, KiB"),
          Map.entry("busyWithHeartbeats", "of one core, with heartbeats"),
          Map.entry("secondsUntilAllLive", "seconds until all are live"),
          Map.entry("p99MillisQuiet", "others' p99 before, ms"),
          Map.entry("p99MillisDuring", "others' p99 meanwhile, ms"),
          Map.entry("heapMibStart", "live heap at the start, MiB"),
          Map.entry("heapMibEnd", "live heap at the end, MiB"),
          Map.entry("rssMibStart", "RSS at the start, MiB"),
          Map.entry("rssMibEnd", "RSS at the end, MiB"),
          Map.entry("heapMibMiddle", "live heap halfway, MiB"),
          Map.entry("rssMibMiddle", "RSS halfway, MiB"),
          Map.entry("maxMillisDuring", "others' max meanwhile, ms"),
          Map.entry("openingSeconds", "all open, s"),
          Map.entry("openP50Millis", "p50 ms at a steady rate"),
          Map.entry("openP99Millis", "p99 ms at a steady rate"),
          Map.entry("openP999Millis", "p99.9 ms at a steady rate"),
          Map.entry("openMaxMillis", "max ms at a steady rate"),
          Map.entry("lagMillis", "behind at the end, ms"),
          Map.entry("writersServerCpuMicrosPerTransaction", "server CPU µs, writers'"),
          Map.entry("otherServerCpuMicrosPerTransaction", "server CPU µs, others'"),
          Map.entry("clientCpuMicrosPerTransaction", "client CPU µs"),
          Map.entry("release500Millis", "500 released, ms"),
          Map.entry("walKibPerTickAndSweep", "WAL of both, KiB"),
          Map.entry("tickMillis", "tick ms"),
          Map.entry("sweepMillis", "sweep ms"));

  /** What no peer may ever have: told in a column of its own. */
  static final Set<String> TROUBLES = Set.of("lost", "duplicated", "disordered", "damaged");

  private Figure() {}

  static String heading(String figure) {
    return HEADINGS.getOrDefault(figure, figure);
  }

  /** Rates are the only figures of which more is better. */
  static boolean moreIsBetter(String figure) {
    return figure.endsWith("PerSecond");
  }
}
