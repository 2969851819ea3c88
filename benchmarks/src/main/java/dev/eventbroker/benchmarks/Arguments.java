package dev.eventbroker.benchmarks;

import dev.eventbroker.benchmarks.report.Run;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the command line asks for.
 *
 * @param effort how much is measured
 * @param rounds how often every peer has its turn
 * @param suites what is measured
 * @param results where results go, if not to the usual place
 * @param record whether the guard puts on record what it measures, instead of judging it
 */
record Arguments(
    Run.Effort effort, int rounds, Set<Suite> suites, Optional<Path> results, boolean record) {

  /** So many that a median is none of the outliers. */
  private static final int GUARD_ROUNDS = 3;

  private static final int SHORT_ROUNDS = 3;

  /** Two outliers in the same direction do not move the median of five out of the others. */
  private static final int FULL_ROUNDS = 5;

  /** More than a day of nothing but this is a mistake. */
  private static final int MAX_ROUNDS = 100;

  /**
   * Reads the options of a run.
   *
   * @throws IllegalArgumentException if one is unknown or has a value that it can't have
   */
  static Arguments ofRun(List<String> words) {
    return of(words, Run.Effort.SHORT, Set.of("--effort", "--rounds", "--only", "--results"));
  }

  /**
   * Reads the options of the guard.
   *
   * @throws IllegalArgumentException if one is unknown or has a value that it can't have
   */
  static Arguments ofGuard(List<String> words) {
    return of(words, Run.Effort.GUARD, Set.of("--record", "--rounds", "--results"));
  }

  private static Arguments of(List<String> words, Run.Effort usual, Set<String> known) {
    Run.Effort effort = usual;
    int rounds = 0;
    Set<Suite> suites = EnumSet.noneOf(Suite.class);
    Optional<Path> results = Optional.empty();
    boolean record = false;
    Iterator<String> rest = words.iterator();
    String option = "";
    while (rest.hasNext()) {
      String word = rest.next();
      // Several suites may follow one --only.
      if (option.equals("--only") && !suites.isEmpty() && !word.startsWith("--")) {
        suites.add(suite(word));
        continue;
      }
      option = word;
      if (!known.contains(option)) {
        throw unexpected(
            "argument", option, known.stream().sorted().collect(Collectors.joining(", ")));
      }
      switch (option) {
        case "--effort" -> effort = effort(value(option, rest));
        case "--rounds" -> rounds = rounds(value(option, rest));
        case "--only" -> suites.add(suite(value(option, rest)));
        case "--results" -> results = Optional.of(Path.of(value(option, rest)));
        default -> record = true;
      }
    }
    return new Arguments(
        effort,
        rounds > 0 ? rounds : usualRounds(effort),
        suites.isEmpty() ? EnumSet.allOf(Suite.class) : suites,
        results,
        record);
  }

  private static String value(String option, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw unexpected(option, "nothing", "a value");
    }
    return rest.next();
  }

  private static Run.Effort effort(String value) {
    return Arrays.stream(Run.Effort.values())
        .filter(effort -> effort.name().toLowerCase(Locale.ROOT).equals(value))
        .findFirst()
        .orElseThrow(() -> unexpected("--effort", value, "guard, short or full"));
  }

  private static int rounds(String value) {
    int rounds;
    try {
      rounds = Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw unexpected("--rounds", value, "1 to " + MAX_ROUNDS);
    }
    if (rounds < 1 || rounds > MAX_ROUNDS) {
      throw unexpected("--rounds", value, "1 to " + MAX_ROUNDS);
    }
    return rounds;
  }

  private static Suite suite(String value) {
    return Arrays.stream(Suite.values())
        .filter(suite -> suite.label().equals(value))
        .findFirst()
        .orElseThrow(() -> unexpected("--only", value, "inprocess, sse or postgres"));
  }

  private static int usualRounds(Run.Effort effort) {
    return switch (effort) {
      case GUARD -> GUARD_ROUNDS;
      case SHORT -> SHORT_ROUNDS;
      case FULL -> FULL_ROUNDS;
    };
  }

  private static IllegalArgumentException unexpected(String name, String value, String expected) {
    return new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
  }
}
