package dev.eventbroker.benchmarks.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Which charts there are, each with the question that it answers. */
final class Charts {

  private static final String PER_SECOND = "Deliveries per second, more is better.";
  private static final String MILLIS =
      "Milliseconds, less is better; each panel has its own scale.";

  /** Two lines that differ in nothing but what is on the horizontal axis are one chart. */
  private static final Map<String, Long> ONE_PUBLISHER = Map.of("publishers", 1L, "topics", 1L);

  private final Summary summary;

  Charts(Summary summary) {
    this.summary = summary;
  }

  /** The names of all charts, drawn or not. */
  static List<String> names() {
    return List.copyOf(new Charts(new Summary(List.of())).questions().keySet());
  }

  /** Draws each chart that there are figures for, by name. */
  Map<String, Chart> draw() {
    Map<String, Chart> charts = new LinkedHashMap<>();
    questions().forEach((name, chart) -> chart.ifPresent(drawn -> charts.put(name, drawn)));
    return charts;
  }

  private Map<String, Optional<Chart>> questions() {
    Map<String, Optional<Chart>> charts = new LinkedHashMap<>();
    Stream.of(
            lines(
                "fanout",
                "In process: how many deliveries a second from one publisher to all subscribers?",
                PER_SECOND,
                "subscribers of the topic",
                Scenario.FANOUT,
                ONE_PUBLISHER,
                "subscribers",
                "deliveriesPerSecond"),
            lines(
                "publish",
                "In process: what does a publish cost its caller, however many subscribe?",
                "Nanoseconds for a publish, 1 ms after the one before; less is better.",
                "subscribers of the topic",
                Scenario.FANOUT,
                ONE_PUBLISHER,
                "subscribers",
                "restedPublishNanos"),
            lines(
                "subscribe",
                "In process: how many subscribe and go again in a second, beside others?",
                "Pairs of subscribe and unsubscribe per second, more is better.",
                "others who subscribe to the same topic",
                Scenario.SUBSCRIBE,
                Map.of("wildcard", 0L),
                "beside",
                "pairsPerSecond"),
            bars(
                "closed",
                "Over sockets: how many deliveries a second, one event in flight?",
                PER_SECOND,
                Scenario.CLOSED,
                Map.of("burst", 1L),
                "connections",
                "deliveriesPerSecond"),
            bars(
                "burst",
                "Over sockets: how many deliveries a second in bursts of 16 events?",
                PER_SECOND,
                Scenario.CLOSED,
                Map.of("burst", 16L),
                "connections",
                "deliveriesPerSecond"),
            bars(
                "latency",
                "Over sockets: how long until 99 of 100 deliveries have arrived, at full load?",
                MILLIS,
                Scenario.CLOSED,
                Map.of("burst", 1L),
                "connections",
                "p99Millis"),
            bars(
                "open",
                "Over sockets: how long until 99 of 100 deliveries have arrived, at a steady rate?",
                MILLIS,
                Scenario.OPEN,
                Map.of(),
                "eventsPerSecond",
                "p99Millis"),
            stalled(),
            figures(
                "opening",
                "What does a new connection cost, from connect to the end of the headers?",
                "Less is better; each panel has its own scale.",
                Scenario.OPENING,
                "p99Millis",
                "serverCpuMicrosPerConnection"),
            figures(
                "idle",
                "What does a connection cost where nothing happens but heartbeats?",
                "Less is better; each panel has its own scale.",
                Scenario.IDLE,
                "rssKibPerConnection",
                "heapKibPerConnection",
                "busyWithHeartbeats"),
            figures(
                "storm",
                "When everybody comes back at once: how long until all are live, and who pays?",
                "Less is better; each panel has its own scale.",
                Scenario.STORM,
                "secondsUntilAllLive",
                "p99MillisQuiet",
                "p99MillisDuring"),
            lines(
                "writers",
                "Postgres: how many transactions a second, when each publishes an event?",
                "Transactions per second, more is better.",
                "writers at once",
                Scenario.WRITERS,
                Map.of(),
                "writers",
                "transactionsPerSecond"),
            figures(
                "listener",
                "Postgres: how long from a commit to the callback of a listener?",
                MILLIS,
                Scenario.LISTENER,
                "p50Millis",
                "p99Millis"))
        .forEach(question -> charts.put(question.name(), question.chart()));
    return charts;
  }

  private record Question(String name, Optional<Chart> chart) {}

  private Question lines(
      String name,
      String title,
      String unit,
      String sizes,
      Scenario scenario,
      Map<String, Long> parameters,
      String size,
      String figure) {
    LineChart chart = new LineChart(name, title, unit, Peers.floorName(scenario.id()), sizes);
    for (Load load : summary.loads(scenario.id(), parameters)) {
      spreads(load, figure).forEach((p, spread) -> chart.point(p, load.parameter(size), spread));
    }
    return new Question(name, chart.isEmpty() ? Optional.empty() : Optional.of(chart.draw()));
  }

  /** A panel for each load. */
  private Question bars(
      String name,
      String title,
      String unit,
      Scenario scenario,
      Map<String, Long> parameters,
      String size,
      String figure) {
    BarChart chart = new BarChart(name, title, unit, Peers.floorName(scenario.id()));
    for (Load load : summary.loads(scenario.id(), parameters)) {
      chart.panel(panelHeading(load, size), spreads(load, figure));
    }
    return new Question(name, drawn(chart, Figure.moreIsBetter(figure)));
  }

  private static String panelHeading(Load load, String size) {
    String number = Numbers.whole(load.parameter(size));
    return size.equals("connections")
        ? number + " connections"
        : number + " events/s to " + Numbers.whole(load.parameter("connections"));
  }

  /** Without and with those that never read; where the first was not asked for, the closed loop. */
  private Question stalled() {
    String name = "stalled";
    BarChart chart =
        new BarChart(
            name,
            "What do readers lose when others stop reading? Time until 99 of 100 have arrived",
            MILLIS,
            Peers.floorName(Scenario.STALLED.id()));
    for (Load load : summary.loads(Scenario.STALLED.id())) {
      long connections = load.parameter("connections");
      if (load.parameter("stalled") == 0) {
        continue;
      }
      summary
          .withoutStalls(load)
          .ifPresent(
              without ->
                  chart.panel(
                      "all " + Numbers.whole(connections) + " read",
                      spreads(without, "p99Millis")));
      chart.panel(
          Numbers.whole(load.parameter("stalled"))
              + " of "
              + Numbers.whole(connections)
              + " never read",
          spreads(load, "p99Millis"));
    }
    return new Question(name, drawn(chart, false));
  }

  /** A panel for each figure of the largest load. */
  private Question figures(
      String name, String title, String unit, Scenario scenario, String... figures) {
    BarChart chart = new BarChart(name, title, unit, Peers.floorName(scenario.id()));
    List<Load> loads = summary.loads(scenario.id());
    if (!loads.isEmpty()) {
      Load largest = loads.get(loads.size() - 1);
      for (String figure : figures) {
        chart.panel(Figure.heading(figure), spreads(largest, figure));
      }
    }
    return new Question(name, drawn(chart, false));
  }

  /** Rates are compared across panels too; of latencies and costs each panel has its own scale. */
  private static Optional<Chart> drawn(BarChart chart, boolean rates) {
    return chart.isEmpty() ? Optional.empty() : Optional.of(chart.draw(rates, rates));
  }

  private static SortedMap<String, Spread> spreads(Load load, String figure) {
    SortedMap<String, Spread> spreads = new TreeMap<>();
    for (String peer : load.peers()) {
      load.figure(peer, figure).ifPresent(spread -> spreads.put(peer, spread));
    }
    return spreads;
  }
}
