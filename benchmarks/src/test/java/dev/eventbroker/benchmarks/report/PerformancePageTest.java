package dev.eventbroker.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

/**
 * Written from a small file of results, the page and all beside it are those in {@code
 * src/test/resources/golden}. After a change that is meant, {@code benchmarks/run charts
 * golden/results.jsonl golden} writes them anew, and whoever reviews sees what has changed.
 */
class PerformancePageTest {

  private static final Path GOLDEN =
      Path.of(System.getProperty("basedir", ""), "src", "test", "resources", "golden");

  @Test
  void whatIsWrittenIsWhatIsExpectedToTheLetter(@TempDir Path directory) throws IOException {
    Files.copy(GOLDEN.resolve("performance.md"), directory.resolve("performance.md"));

    page().write(directory);

    Map<String, String> expected = files(GOLDEN);
    expected.remove("results.jsonl");
    assertThat(files(directory)).isEqualTo(expected);
  }

  @Test
  void onlyTheMarkedPartsAreReplaced() {
    String page = "before\n<!-- generated: source -->\nold\n<!-- end -->\nafter\n";

    String rewritten = page().rewritten(page);

    assertThat(rewritten)
        .startsWith("before\n<!-- generated: source -->\n- run of ")
        .endsWith("\n<!-- end -->\nafter\n")
        .doesNotContain("old");
  }

  @Test
  void whatPeopleWroteBesideAGoalStays() {
    String page =
        """
        <!-- generated: goals -->
        | <a id="goal-storm"></a>an older text | ≤ 4 | none | not measured | no | the *disk*, see $1 |
        <!-- end -->
        """;

    String rewritten = page().rewritten(page);

    assertThat(rewritten).contains("| ≤ 3 |").doesNotContain("an older text");
    assertThat(rewritten.lines().filter(line -> line.contains("goal-storm\"")))
        .singleElement()
        .asString()
        .endsWith("| the *disk*, see $1 |");
  }

  @Test
  void aPartThatThereIsNoneOfIsRefused() {
    String page = "<!-- generated: chart nonsense -->\n<!-- end -->\n";

    assertThatThrownBy(() -> page().rewritten(page))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("generated: chart nonsense (expected: one of [chart burst,");
  }

  @Test
  void aChartWithoutFiguresSaysSo() {
    String page = "<!-- generated: chart storm -->\n<!-- end -->\n";

    String rewritten = new PerformancePage(new Summary(List.of())).rewritten(page);

    assertThat(rewritten).contains("*Not measured yet.*");
  }

  @Test
  void everyChartIsWellFormed() throws Exception {
    Map<String, Chart> charts = new Charts(summary()).draw();

    assertThat(charts).isNotEmpty();
    for (Chart chart : charts.values()) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(chart.svg())));
    }
  }

  private static PerformancePage page() {
    return new PerformancePage(summary());
  }

  private static Summary summary() {
    return new Summary(new ResultsFile(GOLDEN.resolve("results.jsonl")).read());
  }

  private static Map<String, String> files(Path directory) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(directory.relativize(path).toString(), Files.readString(path));
      }
    }
    return files;
  }
}
