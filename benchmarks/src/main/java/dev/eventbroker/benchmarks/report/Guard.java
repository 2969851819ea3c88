package dev.eventbroker.benchmarks.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Compares us with the floor as it stands in a run, and as it stands on record. Both were measured
 * side by side, so that a slow machine fails nothing; and only a ratio below half of the one on
 * record does, so that a noisy one does not either.
 */
public final class Guard {

  /** Below this part of what is on record something is grossly wrong, whatever else goes on. */
  private static final double TOLERATED = 0.5;

  private final Summary measured;

  /** Judges what was measured. */
  public Guard(Summary measured) {
    this.measured = measured;
  }

  /**
   * A ratio on record.
   *
   * @param scenario what was done
   * @param parameters what was asked for
   * @param peer who of us did it
   * @param floor who did the least that can be done, in the same rounds
   * @param figure what the ratio is of; more is better
   * @param ratio the median of the rounds
   * @param date when it was measured, as {@code 2026-11-21}
   */
  public record Entry(
      String scenario,
      Map<String, Long> parameters,
      String peer,
      String floor,
      String figure,
      double ratio,
      String date) {

    /**
     * Keeps a sorted copy of the parameters.
     *
     * @throws IllegalArgumentException if the ratio is not above zero
     */
    public Entry {
      if (!(ratio > 0)) {
        throw new IllegalArgumentException("ratio: " + ratio + " (expected: > 0)");
      }
      parameters = new TreeMap<>(parameters);
    }

    private String name() {
      return scenario + ", " + Tables.describe(parameters) + ": " + peer + " over " + floor;
    }
  }

  /**
   * What came of one comparison.
   *
   * @param passed whether it is good enough
   * @param text what was measured and what was expected
   */
  public record Verdict(boolean passed, String text) {}

  /** Compares everything on record with what was measured. What was not measured has failed. */
  public List<Verdict> compare(Collection<Entry> record) {
    List<Verdict> verdicts = new ArrayList<>();
    for (Entry entry : record) {
      verdicts.add(compare(entry));
    }
    return List.copyOf(verdicts);
  }

  private Verdict compare(Entry entry) {
    double least = entry.ratio() * TOLERATED;
    String expected =
        String.format(
            Locale.ROOT,
            "expected: >= %.3g, half of the %.3g of %s",
            least,
            entry.ratio(),
            entry.date());
    Optional<Load> load = exactly(entry.scenario(), entry.parameters());
    Optional<Spread> ratio =
        load.flatMap(of -> of.ratio(entry.peer(), entry.floor(), entry.figure()));
    if (ratio.isEmpty()) {
      return new Verdict(
          false, entry.name() + ", " + entry.figure() + ": not measured (" + expected + ")");
    }
    Spread spread = ratio.orElseThrow();
    String figures =
        side(load.orElseThrow(), entry.peer(), entry.figure())
            + " over "
            + side(load.orElseThrow(), entry.floor(), entry.figure());
    return new Verdict(
        spread.median() >= least,
        entry.name()
            + ", "
            + entry.figure()
            + ": "
            + spread
            + " ("
            + expected
            + "; "
            + figures
            + ")");
  }

  private Optional<Load> exactly(String scenario, Map<String, Long> parameters) {
    return measured.loads(scenario, parameters).stream()
        .filter(load -> load.parameters().equals(parameters))
        .findFirst();
  }

  private static String side(Load load, String peer, String figure) {
    return load.figure(peer, figure).map(Spread::toString).orElse("nothing");
  }

  /** Returns what was measured and is not on record, so that nobody takes it for guarded. */
  public List<String> unguarded(Collection<Entry> record) {
    Set<String> guarded = record.stream().map(Entry::name).collect(Collectors.toSet());
    return entries("today").stream()
        .map(Entry::name)
        .filter(name -> !guarded.contains(name))
        .toList();
  }

  /** Returns what was measured as entries to be put on record, dated so. */
  public List<Entry> entries(String date) {
    List<Entry> entries = new ArrayList<>();
    for (Scenario scenario : Scenario.values()) {
      String figure = scenario.mainFigure();
      if (!Figure.moreIsBetter(figure)) {
        continue;
      }
      for (Load load : measured.loads(scenario.id())) {
        for (String peer : load.peers().stream().filter(Peers::isOurs).toList()) {
          Optional<String> floor = Peers.floor(scenario.id(), peer, load.peers());
          floor
              .flatMap(other -> load.ratio(peer, other, figure))
              .ifPresent(
                  ratio ->
                      entries.add(
                          new Entry(
                              scenario.id(),
                              load.parameters(),
                              peer,
                              floor.orElseThrow(),
                              figure,
                              threeDigits(ratio.median()),
                              date)));
        }
      }
    }
    return List.copyOf(entries);
  }

  private static double threeDigits(double value) {
    return new BigDecimal(value, new MathContext(3)).doubleValue();
  }
}
