package dev.eventbroker.benchmarks.report;

import dev.eventbroker.benchmarks.report.Goal.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.stream.Stream;

/** What is to be reached, and what the results say of it. */
final class Goals {

  private static final String RATE = "deliveriesPerSecond";
  private static final String P99 = "p99Millis";
  private static final String OURS = "eventbroker";
  private static final List<String> TRANSPORTS = List.of("nio", "epoll", "io_uring");
  private static final List<Long> CONNECTIONS = List.of(1_000L, 5_000L, 10_000L);
  private static final Set<String> JVM_PEERS = Set.of("vertx", "webflux");

  /** Those that hand events to subscribers on other threads, as we do. */
  private static final Set<String> ASYNCHRONOUS =
      Set.of("submission-publisher", "reactor-buffered", "guava-async", "vertx", "jctools");

  /** An average that goes no further than this beyond the first one is flat. */
  private static final double FLAT = 1.5;

  private final Summary summary;

  Goals(Summary summary) {
    this.summary = summary;
  }

  /** Every goal, in the order in which they were set. */
  List<Goal> all() {
    return Stream.of(closedLoop(), inBursts(), latency(), connections(), inProcess(), endurance())
        .flatMap(List::stream)
        .toList();
  }

  private List<Goal> closedLoop() {
    return List.of(
        new Goal(
            "closed-netty",
            "SSE, closed loop, one event in flight: over bare Netty on the same transport",
            "≥ 0.95 at 1 000, 5 000 and 10 000 connections",
            "bare Netty on epoll: 268 k/s at 1 000, 170 k/s at 10 000",
            perTransport(CONNECTIONS, 1, (load, ours) -> Tables.ratioToFloor(load, ours, RATE)),
            atLeast(0.95)),
        new Goal(
            "closed-nchan",
            "The same: over nginx with nchan",
            "≥ 1.33",
            "189 k/s at 1 000, 126 k/s at 10 000",
            perConnections(1, (load, ours) -> load.ratio(ours, "nchan", RATE)),
            atLeast(1.33)),
        new Goal(
            "closed-jvm",
            "The same: over the best peer on a JVM (Vert.x, WebFlux)",
            "> 1.5",
            "Vert.x 162 k/s and 109 k/s, WebFlux 129 k/s and 94 k/s",
            perConnections(1, (load, ours) -> load.ratioToBest(ours, JVM_PEERS::contains, RATE)),
            atLeast(1.5)));
  }

  private List<Goal> inBursts() {
    return List.of(
        new Goal(
            "burst",
            "SSE, closed loop, bursts of 16: over the best peer doing the same",
            "≥ 3",
            "16 in flight gained no peer anything",
            perConnections(16, (load, ours) -> load.ratioToBest(ours, Goals::isOther, RATE)),
            atLeast(3)));
  }

  private List<Goal> latency() {
    return List.of(
        new Goal(
            "p99-netty",
            "SSE, closed loop: p99 at 10 000 connections over bare Netty's",
            "≤ 1.1",
            "bare Netty on epoll: 59.0 ms",
            perTransport(List.of(10_000L), 1, (load, ours) -> Tables.ratioToFloor(load, ours, P99)),
            atMost(1.1)),
        new Goal(
            "p99-stalled",
            "SSE, 1 % of readers stalled: p99 over the same without them",
            "≤ 1.2",
            "Spring MVC and Javalin stop publishing; WebFlux loses events; Vert.x queues without bound",
            stalled(),
            atMost(1.2)));
  }

  private List<Goal> connections() {
    return List.of(
        new Goal(
            "idle-memory",
            "SSE: memory of an idle connection, subscription included, KiB",
            "≤ 4",
            "bare Netty 2.3, nchan 9.7, Vert.x 11.9, WebFlux 14.3, Spring MVC 107",
            eachLoad(Scenario.IDLE, (load, ours) -> load.figure(ours, "rssKibPerConnection")),
            atMost(4)),
        new Goal(
            "opening-p99",
            "SSE: headers to 10 000 new connections, p99 in ms",
            "< 30",
            NO_FIGURE,
            eachLoad(Scenario.OPENING, (load, ours) -> load.figure(ours, P99)),
            atMost(30)),
        new Goal(
            "opening-cpu",
            "SSE: server CPU of a new connection, µs",
            "< 80",
            "bare Netty 60 to 68, Vert.x 78, Spring MVC 488",
            eachLoad(
                Scenario.OPENING,
                (load, ours) -> load.figure(ours, "serverCpuMicrosPerConnection")),
            atMost(80)));
  }

  private List<Goal> inProcess() {
    return List.of(
        new Goal(
            "fanout-peers",
            "In process, 1 000 and 10 000 subscribers: over the best asynchronous peer",
            "≥ 3",
            "JCTools queues 116 M/s and 135 M/s, SubmissionPublisher 94 M/s and 54 M/s",
            fanout(List.of(1_000L, 10_000L), Goals::overAsynchronous),
            atLeast(3)),
        new Goal(
            "fanout-loop",
            "In process, 1 000 and 10 000 subscribers: over the plain loop",
            "≥ 0.5",
            "the loop: 1 114 M/s and 599 M/s",
            fanout(List.of(1_000L, 10_000L), load -> load.ratio(OURS, "loop", RATE)),
            atLeast(0.5)),
        new Goal(
            "fanout-few",
            "In process, 1 and 10 subscribers: over the best asynchronous peer",
            "≥ 1",
            "SubmissionPublisher 3.8 M/s, JCTools queues 3.6 M/s at 1",
            fanout(List.of(1L, 10L), Goals::overAsynchronous),
            atLeast(1)),
        new Goal(
            "fanout-bytes",
            "In process, 1 000 and 10 000 subscribers: bytes allocated for a delivery",
            "< 0.1",
            NO_FIGURE,
            fanout(List.of(1_000L, 10_000L), load -> load.figure(OURS, "bytesPerDelivery")),
            atMost(0.1)),
        new Goal(
            "publish-flat",
            "In process: cost of a publish to 100 000 subscribers over that to 1",
            "flat (≤ 1.5)",
            NO_FIGURE,
            publishFlat(),
            atMost(FLAT)),
        new Goal(
            "subscribe",
            "In process: pairs of subscribe and unsubscribe a second, beside 0 to 1 M others",
            "≥ 1 M",
            "MBassador 3.1 M to 2.9 M; SubmissionPublisher 4.0 M beside none, 3 k beside 100 000",
            subscribe(),
            atLeast(1e6)),
        new Goal(
            "subscribe-flat",
            "In process: the same beside most others over beside none",
            "flat (≥ 0.67)",
            "MBassador 0.94, the others below 0.03",
            subscribeFlat(),
            atLeast(1 / FLAT)));
  }

  private List<Goal> endurance() {
    return List.of(
        new Goal(
            "storm",
            "Resume storm: seconds until all are live",
            "≤ 3",
            NO_FIGURE,
            eachLoad(Scenario.STORM, (load, ours) -> load.figure(ours, "secondsUntilAllLive")),
            atMost(3)),
        new Goal(
            "storm-lost",
            "Resume storm: events lost",
            "0",
            NO_FIGURE,
            eachLoad(Scenario.STORM, (load, ours) -> load.figure(ours, "lost")),
            atMost(0)),
        new Goal(
            "storm-p99",
            "Resume storm: the others' p99 over that before it",
            "≤ 3",
            NO_FIGURE,
            eachLoad(
                Scenario.STORM,
                (load, ours) -> load.ratioOfFigures(ours, "p99MillisDuring", "p99MillisQuiet")),
            atMost(3)),
        new Goal(
            "idle-cpu",
            "20 000 idle connections with heartbeats: share of one core",
            "< 0.05",
            NO_FIGURE,
            eachLoad(Scenario.IDLE, (load, ours) -> load.figure(ours, "busyWithHeartbeats")),
            atMost(0.05)),
        new Goal(
            "soak",
            "Ten million events with churn and slow readers: live heap at the end over the start",
            "flat (≤ 1.5)",
            "Jersey grew from 210 to 962 MiB beside stalled readers, Vert.x from 188 to 1 993",
            eachLoad(
                Scenario.SOAK,
                (load, ours) -> load.ratioOfFigures(ours, "heapMibEnd", "heapMibStart")),
            atMost(FLAT)));
  }

  private static final String NO_FIGURE = "none publishes it";

  /** A figure of one of ours under a load. */
  private interface Look {
    Optional<Spread> at(Load load, String ours);
  }

  private List<Part> perTransport(List<Long> connections, long burst, Look look) {
    List<Part> parts = new ArrayList<>();
    for (long count : connections) {
      for (String transport : TRANSPORTS) {
        String label = Numbers.whole(count) + ", " + transport + ":";
        parts.add(
            new Part(label, closed(count, burst).flatMap(l -> look.at(l, OURS + "-" + transport))));
      }
    }
    return parts;
  }

  /** With epoll, which a server takes by itself where it is. */
  private List<Part> perConnections(long burst, Look look) {
    return CONNECTIONS.stream()
        .map(
            count ->
                new Part(
                    Numbers.whole(count) + ":",
                    closed(count, burst).flatMap(l -> look.at(l, OURS + "-epoll"))))
        .toList();
  }

  private Optional<Load> closed(long connections, long burst) {
    return summary.load(Scenario.CLOSED.id(), Map.of("connections", connections, "burst", burst));
  }

  private List<Part> stalled() {
    List<Part> parts = new ArrayList<>();
    for (Load load : summary.loads(Scenario.STALLED.id())) {
      Optional<Load> without = summary.withoutStalls(load);
      if (load.parameter("stalled") == 0 || without.isEmpty()) {
        continue;
      }
      for (String ours : oursOf(load)) {
        parts.add(new Part(label(load, ours), load.against(without.orElseThrow(), ours, P99)));
      }
    }
    return parts;
  }

  private List<Part> eachLoad(Scenario scenario, Look look) {
    List<Part> parts = new ArrayList<>();
    for (Load load : summary.loads(scenario.id())) {
      for (String ours : oursOf(load)) {
        parts.add(new Part(label(load, ours), look.at(load, ours)));
      }
    }
    return parts;
  }

  private static List<String> oursOf(Load load) {
    return load.peers().stream().filter(Peers::isOurs).toList();
  }

  private static String label(Load load, String ours) {
    String size =
        load.parameter("connections") > 0
            ? Numbers.whole(load.parameter("connections")) + ", "
            : "";
    if (load.parameter("before") >= 0) {
      size += "after " + Numbers.whole(load.parameter("before")) + ", ";
    }
    return size + ours.substring(ours.indexOf('-') + 1) + ":";
  }

  private List<Part> fanout(List<Long> sizes, Function<Load, Optional<Spread>> look) {
    return sizes.stream()
        .map(size -> new Part(Numbers.whole(size) + ":", fanout(size).flatMap(look)))
        .toList();
  }

  private Optional<Load> fanout(long subscribers) {
    return summary.load(
        Scenario.FANOUT.id(), Map.of("subscribers", subscribers, "publishers", 1L, "topics", 1L));
  }

  private static Optional<Spread> overAsynchronous(Load load) {
    return load.ratioToBest(OURS, ASYNCHRONOUS::contains, RATE);
  }

  /** Who publishes to ten has to wake both lanes, to one only one of them. */
  private List<Part> publishFlat() {
    return List.of(
        new Part("right after another:", publishOver(1, "publishNanos")),
        new Part("after 1 ms without one:", publishOver(1, "restedPublishNanos")),
        new Part("after 1 ms without one, over 10:", publishOver(10, "restedPublishNanos")));
  }

  private Optional<Spread> publishOver(long few, String figure) {
    return fanout(100_000)
        .flatMap(most -> fanout(few).flatMap(least -> most.against(least, OURS, figure)));
  }

  private List<Part> subscribe() {
    return summary.loads(Scenario.SUBSCRIBE.id()).stream()
        .map(load -> new Part(beside(load), load.figure(OURS, "pairsPerSecond")))
        .toList();
  }

  private List<Part> subscribeFlat() {
    List<Part> parts = new ArrayList<>();
    for (long wildcard : List.of(0L, 1L)) {
      List<Load> loads = summary.loads(Scenario.SUBSCRIBE.id(), Map.of("wildcard", wildcard));
      if (loads.size() > 1) {
        Load most = loads.get(loads.size() - 1);
        parts.add(new Part(beside(most), most.against(loads.get(0), OURS, "pairsPerSecond")));
      }
    }
    return parts;
  }

  private static String beside(Load load) {
    String filter = load.parameter("wildcard") > 0 ? ", wildcard:" : ":";
    return Numbers.whole(load.parameter("beside")) + filter;
  }

  private static boolean isOther(String peer) {
    return !Peers.isOurs(peer);
  }

  private static DoublePredicate atLeast(double bound) {
    return value -> value >= bound;
  }

  private static DoublePredicate atMost(double bound) {
    return value -> value <= bound;
  }
}
