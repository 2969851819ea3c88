package dev.eventbroker.benchmarks.report;

import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What every peer did under one load, round by round, in one run. */
public final class Load {

  private final String run;
  private final String scenario;
  private final SortedMap<String, Long> parameters;
  private final Map<String, SortedMap<Integer, Result>> peers = new TreeMap<>();

  Load(String run, String scenario, Map<String, Long> parameters) {
    this.run = run;
    this.scenario = scenario;
    this.parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
  }

  /** Takes a measurement in; of one that was repeated within its round the last counts. */
  void add(Result result) {
    peers.computeIfAbsent(result.peer(), peer -> new TreeMap<>()).put(result.round(), result);
  }

  /** Names the run that all of it comes from. */
  public String run() {
    return run;
  }

  /** Returns what was done, as {@code sse/closed}. */
  public String scenario() {
    return scenario;
  }

  /** Returns what was asked for. */
  public SortedMap<String, Long> parameters() {
    return parameters;
  }

  /** Returns a parameter, or -1 where the load has none of that name. */
  public long parameter(String name) {
    return parameters.getOrDefault(name, -1L);
  }

  /** Returns who was measured, in order of their names. */
  public Set<String> peers() {
    return Collections.unmodifiableSet(peers.keySet());
  }

  /** Returns how many rounds there were of the peer that had the most. */
  public int rounds() {
    return peers.values().stream().mapToInt(Map::size).max().orElse(0);
  }

  /** Returns the JDKs that peers ran on. */
  public Set<Integer> jdks() {
    return peers.values().stream()
        .flatMap(rounds -> rounds.values().stream())
        .map(Result::jdk)
        .filter(jdk -> jdk > 0)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Returns the names of all figures that any round has of a peer. */
  public Set<String> figures(String peer) {
    return peers.getOrDefault(peer, Collections.emptySortedMap()).values().stream()
        .flatMap(result -> result.figures().keySet().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Returns a figure of a peer added up over all rounds. */
  public double sum(String peer, String figure) {
    return byRound(peer, figure).values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** Returns a figure of a peer over all rounds, or nothing where it was not measured. */
  public Optional<Spread> figure(String peer, String figure) {
    return Spread.of(byRound(peer, figure).values());
  }

  /** Returns a figure over that of another peer in the same round, over all rounds both had. */
  public Optional<Spread> ratio(String peer, String other, String figure) {
    return Spread.of(ratios(byRound(peer, figure), byRound(other, figure)).values());
  }

  /**
   * Returns a figure over the highest that any of these other peers had in the same round, over all
   * rounds.
   */
  public Optional<Spread> ratioToBest(String peer, Predicate<String> others, String figure) {
    Map<Integer, Double> best = new TreeMap<>();
    peers.keySet().stream()
        .filter(others.and(other -> !other.equals(peer)))
        .forEach(
            other -> byRound(other, figure).forEach((r, value) -> best.merge(r, value, Math::max)));
    return Spread.of(ratios(byRound(peer, figure), best).values());
  }

  /** Returns which of these peers has the highest median of a figure. */
  public Optional<String> best(Predicate<String> who, String figure) {
    return peers.keySet().stream()
        .filter(who.and(peer -> figure(peer, figure).isPresent()))
        .max(Comparator.comparingDouble(peer -> figure(peer, figure).orElseThrow().median()));
  }

  /**
   * Returns a peer's figure under this load over the one that it had under another, round by round;
   * nothing where the two are of different runs.
   */
  public Optional<Spread> against(Load other, String peer, String figure) {
    return run.equals(other.run)
        ? Spread.of(ratios(byRound(peer, figure), other.byRound(peer, figure)).values())
        : Optional.empty();
  }

  /** Returns one figure of a peer over another of its own, round by round. */
  public Optional<Spread> ratioOfFigures(String peer, String figure, String under) {
    return Spread.of(ratios(byRound(peer, figure), byRound(peer, under)).values());
  }

  private SortedMap<Integer, Double> byRound(String peer, String figure) {
    SortedMap<Integer, Double> values = new TreeMap<>();
    peers
        .getOrDefault(peer, Collections.emptySortedMap())
        .forEach(
            (round, result) -> {
              if (result.figures().containsKey(figure)) {
                values.put(round, result.figures().get(figure));
              }
            });
    return values;
  }

  private static SortedMap<Integer, Double> ratios(
      Map<Integer, Double> over, Map<Integer, Double> under) {
    SortedMap<Integer, Double> ratios = new TreeMap<>();
    over.forEach(
        (round, value) -> {
          double base = under.getOrDefault(round, 0.0);
          if (base > 0) {
            ratios.put(round, value / base);
          }
        });
    return ratios;
  }
}
