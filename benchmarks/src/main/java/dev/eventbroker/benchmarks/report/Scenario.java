package dev.eventbroker.benchmarks.report;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What can be measured: what a reader calls it, and which figures say most about it. */
enum Scenario {
  FANOUT(
      "inprocess/fanout",
      "In process: one publish to all subscribers of a topic",
      "deliveriesPerSecond",
      "bytesPerDelivery",
      "publishNanos",
      "restedPublishNanos"),
  SUBSCRIBE(
      "inprocess/subscribe",
      "In process: subscribe and go again, beside others",
      "pairsPerSecond",
      "bytesPerPair"),
  MATCHING(
      "inprocess/matching", "In process: an event that one of N filters asks for", "nanosPerEvent"),
  REPLAY("inprocess/replay", "In process: replay of a backlog", "eventsPerSecond"),
  DETACHED(
      "inprocess/detached",
      "In process: from a detached submit to the delivery",
      "tasksPerSecond",
      "p50Micros",
      "p99Micros"),
  FRAMING(
      "inprocess/framing",
      "In process: an event becomes a frame",
      "framesPerSecond",
      "bytesPerFrame"),
  CLOSED(
      "sse/closed",
      "Over sockets, closed loop: the next event (or burst) when all have the last",
      "deliveriesPerSecond",
      "serverCpuMicrosPerDelivery",
      "p50Millis",
      "p99Millis",
      "p999Millis",
      "maxMillis",
      "serverBusy",
      "clientBusy"),
  OPEN(
      "sse/open",
      "Over sockets, open loop: events at a steady rate, whoever lags",
      "p99Millis",
      "p50Millis",
      "p999Millis",
      "maxMillis",
      "deliveriesPerSecond",
      "serverCpuMicrosPerDelivery"),
  STALLED(
      "sse/stalled",
      "Over sockets, while some never read",
      "p99Millis",
      "p50Millis",
      "maxMillis",
      "deliveriesPerSecond",
      "rssStartMib",
      "rssPeakMib",
      "stalledClosed"),
  OPENING(
      "sse/opening",
      "Over sockets: opening connections, from connect to the end of the headers",
      "p99Millis",
      "p50Millis",
      "maxMillis",
      "seconds",
      "serverCpuMicrosPerConnection",
      "withoutHeaders"),
  IDLE(
      "sse/idle",
      "Over sockets: connections where nothing happens, heartbeats on",
      "rssKibPerConnection",
      "heapKibPerConnection",
      "busyWithHeartbeats"),
  STORM(
      "sse/storm",
      "Over sockets: everybody comes back at once, each behind, beside others who read live",
      "secondsUntilAllLive",
      "p99MillisQuiet",
      "p99MillisDuring"),
  SOAK(
      "sse/soak",
      "Over sockets: an hour's worth of events, with coming and going and slow readers",
      "heapMibEnd",
      "heapMibStart",
      "rssMibStart",
      "rssMibEnd"),
  OUTBOX("postgres/outbox", "Postgres: through the outbox to another node", "eventsPerSecond"),
  LATENCY(
      "postgres/latency",
      "Postgres: from a commit to a subscriber of another node, nothing else going on",
      "p99Millis",
      "p50Millis",
      "p90Millis"),
  WRITERS(
      "postgres/writers",
      "Postgres: what publishing costs the transactions that do it",
      "transactionsPerSecond"),
  LISTENER(
      "postgres/listener",
      "Postgres: from a commit to a listener's callback",
      "p99Millis",
      "p50Millis",
      "eventsPerSecond"),
  SESSIONS(
      "sessions/cost", "Sessions: what a heartbeat and a sweep cost", "tickMillis", "sweepMillis");

  private final String id;
  private final String title;

  @SuppressWarnings("ImmutableEnumChecker") // what List.of gives can't be changed
  private final List<String> figures;

  Scenario(String id, String title, String... figures) {
    this.id = id;
    this.title = title;
    this.figures = List.of(figures);
  }

  static Optional<Scenario> of(String id) {
    return Arrays.stream(values()).filter(scenario -> scenario.id.equals(id)).findFirst();
  }

  String id() {
    return id;
  }

  String title() {
    return title;
  }

  /** The figure that peers are compared by. */
  String mainFigure() {
    return figures.get(0);
  }

  /** The others that a reader wants to see beside it, in order. */
  List<String> figures() {
    return figures;
  }
}
