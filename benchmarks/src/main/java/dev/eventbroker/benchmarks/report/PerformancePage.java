package dev.eventbroker.benchmarks.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The page that shows results to users. People write it, and mark the places that are written from
 * results: {@code <!-- generated: goals -->} up to {@code <!-- end -->}. Only what is between them
 * is replaced, so the words around a chart stay.
 */
public final class PerformancePage {

  private static final String NAME = "performance";

  private static final Pattern PART =
      Pattern.compile("<!-- generated: ([a-z0-9 -]+) -->\n.*?<!-- end -->", Pattern.DOTALL);

  /** The key of a goal, and the words of the last cell of its row. */
  private static final Pattern GOAL =
      Pattern.compile("^\\| <a id=\"goal-([a-z0-9-]+)\"></a>.*\\| ([^|]*) \\|$", Pattern.MULTILINE);

  private final Summary summary;
  private final Map<String, Chart> charts;

  /** Shows what this holds. */
  public PerformancePage(Summary summary) {
    this.summary = summary;
    this.charts = new Charts(summary).draw();
  }

  /**
   * Writes the charts and the tables to {@code directory/performance}, and the marked parts of
   * {@code directory/performance.md}, where that exists, anew.
   *
   * @throws UncheckedIOException if one of them can't be written
   * @throws IllegalArgumentException if the page marks a part that there is none of
   */
  public void write(Path directory) {
    Path beside = directory.resolve(NAME);
    try {
      Files.createDirectories(beside);
      for (Chart chart : charts.values()) {
        Files.writeString(beside.resolve(chart.name() + ".svg"), chart.svg());
      }
      Files.writeString(
          beside.resolve("tables.md"),
          "# All figures\n\n" + source() + "\n\n" + new Tables(summary).markdown());
      Path page = directory.resolve(NAME + ".md");
      if (Files.exists(page)) {
        Files.writeString(page, rewritten(Files.readString(page)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("can't write to " + directory, e);
    }
  }

  /**
   * Returns the page with its marked parts written anew. What people wrote into the last column of
   * the goals stays, row by row.
   *
   * @throws IllegalArgumentException if it marks a part that there is none of
   */
  String rewritten(String page) {
    Map<String, String> parts = parts(page);
    return PART.matcher(page)
        .replaceAll(
            match -> {
              String name = match.group(1);
              String text = parts.get(name);
              if (text == null) {
                throw new IllegalArgumentException(
                    "generated: "
                        + name
                        + " (expected: one of "
                        + new TreeSet<>(parts.keySet())
                        + ")");
              }
              return Matcher.quoteReplacement(
                  "<!-- generated: " + name + " -->\n" + text + "\n<!-- end -->");
            });
  }

  private Map<String, String> parts(String page) {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("source", source());
    parts.put("goals", goals(page));
    for (String name : Charts.names()) {
      Chart chart = charts.get(name);
      parts.put("chart " + name, chart == null ? "*Not measured yet.*" : image(chart));
    }
    return parts;
  }

  /** A line break would end the text of an image. */
  private static String image(Chart chart) {
    String alt = chart.title() + " " + chart.alt();
    return "!["
        + alt.replace("[", "(").replace("]", ")")
        + "]("
        + NAME
        + "/"
        + chart.name()
        + ".svg)";
  }

  /** Which runs the figures are from. */
  private String source() {
    Map<String, Set<String>> scenarios = new TreeMap<>();
    Map<String, Set<Integer>> jdks = new TreeMap<>();
    for (String scenario : summary.scenarios()) {
      for (Load load : summary.loads(scenario)) {
        scenarios.computeIfAbsent(load.run(), run -> new TreeSet<>()).add("`" + scenario + "`");
        jdks.computeIfAbsent(load.run(), run -> new TreeSet<>()).addAll(load.jdks());
      }
    }
    return scenarios.isEmpty()
        ? "No run yet."
        : scenarios.entrySet().stream()
            .map(
                run ->
                    source(run.getKey(), jdks.getOrDefault(run.getKey(), Set.of()), run.getValue()))
            .collect(Collectors.joining("\n"));
  }

  private static String source(String run, Set<Integer> jdks, Set<String> scenarios) {
    String on = jdks.stream().map(jdk -> ", JDK " + jdk).collect(Collectors.joining());
    return "- run of " + run + on + ": " + String.join(", ", scenarios);
  }

  private String goals(String page) {
    Map<String, String> notes =
        GOAL.matcher(page)
            .results()
            .collect(Collectors.toMap(m -> m.group(1), m -> m.group(2), (one, other) -> one));
    List<Goal> goals = new Goals(summary).all();
    StringBuilder text =
        new StringBuilder(
            """
            | What | To reach | Peers, when it was set | Measured | Reached | What stands in the way |
            | --- | --- | --- | --- | --- | --- |
            """);
    for (Goal goal : goals) {
      text.append("| <a id=\"goal-")
          .append(goal.key())
          .append("\"></a>")
          .append(
              String.join(
                  " | ",
                  goal.what(),
                  goal.target(),
                  goal.peers(),
                  goal.measured(),
                  goal.reached(),
                  notes.getOrDefault(goal.key(), "–")))
          .append(" |\n");
    }
    return text.toString().stripTrailing();
  }
}
