package dev.eventbroker.benchmarks.report;

import java.util.List;
import java.util.Optional;
import java.util.function.DoublePredicate;
import java.util.stream.Collectors;

/**
 * Something to reach, with what was measured of it.
 *
 * @param key names it, in the page and in what is written about it
 * @param what is looked at
 * @param target what it should be
 * @param peers what the peers had when the goal was set
 * @param parts what was measured, each part by itself; none where the file has no measurement
 * @param met whether a median is where it should be
 */
record Goal(
    String key, String what, String target, String peers, List<Part> parts, DoublePredicate met) {

  /**
   * A part of it, as the figure at one number of connections.
   *
   * @param spread nothing where it was not measured
   */
  record Part(String label, Optional<Spread> spread) {}

  /** What was measured, part by part. */
  String measured() {
    String text =
        parts.stream()
            .filter(part -> part.spread().isPresent())
            .map(part -> (part.label() + " " + part.spread().orElseThrow()).strip())
            .collect(Collectors.joining("<br>"));
    return text.isEmpty() ? "not measured" : text;
  }

  /** As {@code yes}, {@code 2 of 3} or {@code no}; what was not measured is not reached. */
  String reached() {
    if (parts.stream().allMatch(part -> part.spread().isEmpty())) {
      return "not measured";
    }
    long reached =
        parts.stream()
            .filter(part -> part.spread().filter(s -> met.test(s.median())).isPresent())
            .count();
    if (reached == parts.size()) {
      return "yes";
    }
    return reached == 0 ? "no" : reached + " of " + parts.size();
  }
}
