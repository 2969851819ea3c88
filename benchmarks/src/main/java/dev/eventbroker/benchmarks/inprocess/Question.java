package dev.eventbroker.benchmarks.inprocess;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.openjdk.jmh.results.RunResult;

/**
 * One line of the results: one peer under one load.
 *
 * @param scenario as in the results
 * @param peer as in the results
 * @param load as in the results
 * @param parts what is run for it, one after another
 */
record Question(String scenario, String peer, Map<String, Long> load, List<Part> parts) {

  /**
   * One trial, and what is read from it.
   *
   * @param trial what is run
   * @param figures from its results
   */
  record Part(Trial trial, Function<Collection<RunResult>, Map<String, Double>> figures) {}

  /** How many deliveries a second. */
  static Question fanout(String peer, int subscribers, int publishers, int topics) {
    return new Question(
        "inprocess/fanout",
        peer,
        Map.of(
            "subscribers",
            (long) subscribers,
            "publishers",
            (long) publishers,
            "topics",
            (long) topics),
        List.of(
            new Part(
                new Trial(
                    FanoutBenchmark.class,
                    publishers,
                    Map.of("peer", peer, "subscribers", "" + subscribers, "topics", "" + topics)),
                Figures::ofFanout)));
  }

  /** How many deliveries a second from one publisher on one topic, and what one publish costs. */
  static Question fanoutAndPublish(String peer, int subscribers) {
    Question fanout = fanout(peer, subscribers, 1, 1);
    return new Question(
        fanout.scenario,
        peer,
        fanout.load,
        List.of(
            fanout.parts.get(0),
            publish(peer, subscribers, 0, "publishNanos"),
            publish(peer, subscribers, 1, "restedPublishNanos")));
  }

  private static Part publish(String peer, int subscribers, int restMillis, String figure) {
    return new Part(
        new Trial(
            PublishBenchmark.class,
            1,
            Map.of("peer", peer, "subscribers", "" + subscribers, "restMillis", "" + restMillis)),
        results -> Figures.ofPublish(results, figure));
  }

  /** How many a second can come and go. */
  static Question subscribe(String peer, int beside, boolean wildcard) {
    return new Question(
        "inprocess/subscribe",
        peer,
        Map.of("beside", (long) beside, "wildcard", wildcard ? 1L : 0L),
        List.of(
            new Part(
                new Trial(
                    SubscribeBenchmark.class,
                    1,
                    Map.of("peer", peer, "beside", "" + beside, "wildcard", "" + wildcard)),
                Figures::ofSubscribe)));
  }

  /** What finding one of many filters costs. */
  static Question matching(int filters, boolean wildcard) {
    return ours(
        "matching",
        Map.of("filters", (long) filters, "wildcard", wildcard ? 1L : 0L),
        MatchingBenchmark.class,
        Map.of("filters", "" + filters, "wildcard", "" + wildcard),
        Figures::ofMatching);
  }

  /** How fast what was missed is told. */
  static Question replay(int events) {
    return ours(
        "replay",
        Map.of("events", (long) events),
        ReplayBenchmark.class,
        Map.of("events", "" + events),
        results -> Figures.ofReplay(results, events));
  }

  /** How long from a detached submit to the delivery. */
  static Question detached() {
    return ours("detached", Map.of(), DetachedBenchmark.class, Map.of(), Figures::ofDetached);
  }

  /** How fast events become frames. */
  static Question framing(int bytes) {
    return ours(
        "framing",
        Map.of("bytes", (long) bytes),
        FramingBenchmark.class,
        Map.of("bytes", "" + bytes),
        Figures::ofFraming);
  }

  private static Question ours(
      String scenario,
      Map<String, Long> load,
      Class<?> benchmark,
      Map<String, String> parameters,
      Function<Collection<RunResult>, Map<String, Double>> figures) {
    return new Question(
        "inprocess/" + scenario,
        PeerKind.EVENTBROKER.label(),
        load,
        List.of(new Part(new Trial(benchmark, 1, parameters), figures)));
  }

  /** Runs it; throws what {@link Trial#run} throws. */
  Map<String, Double> answer(Pace pace) {
    Map<String, Double> figures = new TreeMap<>();
    for (Part part : parts) {
      figures.putAll(part.figures.apply(part.trial.run(pace)));
    }
    return figures;
  }

  @Override
  public String toString() {
    return scenario + " " + peer + " " + new TreeMap<>(load);
  }
}
