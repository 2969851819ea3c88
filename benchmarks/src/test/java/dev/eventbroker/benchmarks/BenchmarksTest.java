package dev.eventbroker.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.benchmarks.report.Result;
import dev.eventbroker.benchmarks.report.ResultsFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarksTest {

  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-21T09:00:00Z"), ZoneOffset.UTC);

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream progress = new ByteArrayOutputStream();

  @TempDir private Path home;

  @Test
  void helpTellsOfEveryCommand() {
    int status = benchmarks(new Machine(2, "")).start(List.of("--help"));

    assertThat(status).isZero();
    assertThat(out.toString(UTF_8))
        .contains(
            "--effort", "--rounds", "--only", "tables FILE", "charts FILE DIRECTORY", "guard");
  }

  @Test
  void whatIsNotUnderstoodEndsWithTwo() {
    int status = benchmarks(new Machine(2, "")).start(List.of("tables"));

    assertThat(status).isEqualTo(2);
    assertThat(progress.toString(UTF_8)).startsWith("tables: [] (expected: FILE)");
  }

  @Test
  void storedResultsArePrintedAgain() {
    Path file = home.resolve("results.jsonl");
    new ResultsFile(file).append(result("loop", 100));
    new ResultsFile(file).append(result("eventbroker", 60));

    int status = benchmarks(new Machine(2, "")).start(List.of("tables", file.toString()));

    assertThat(status).isZero();
    assertThat(out.toString(UTF_8))
        .contains("| 10 | **eventbroker** | 60.0 | 0.60 |", "| 10 | loop | 100 | 1.00 |");
  }

  @Test
  void theGuardIsSkippedAloudOnOneProcessor() {
    int status = benchmarks(new Machine(1, "")).start(List.of("guard"));

    assertThat(status).isZero();
    assertThat(progress.toString(UTF_8)).startsWith("guard: skipped").contains("processors: 1");
  }

  @Test
  void theGuardIsSkippedAloudWhereNothingCanBePinned() {
    int status = benchmarks(new Machine(2, home.toString())).start(List.of("guard"));

    assertThat(status).isZero();
    assertThat(progress.toString(UTF_8))
        .startsWith("guard: skipped")
        .contains("taskset: not found");
  }

  @Test
  void tasksetIsFoundOnThePath() throws IOException {
    Path taskset = Files.createFile(home.resolve("taskset"));
    assertThat(taskset.toFile().setExecutable(true)).isTrue();

    assertThat(new Machine(2, "/nowhere:" + home).missing()).isEmpty();
  }

  @Test
  void progressTellsHowLongItHasBeenAtTheBeginningOfEachLine() {
    PrintStream stream = Progress.to(progress, CLOCK, Duration.ofSeconds(905));

    stream.print("one");
    stream.println(" and a half");
    stream.println("two");

    assertThat(progress.toString(UTF_8).lines())
        .containsExactly("[0:00 of about 15:05] one and a half", "[0:00 of about 15:05] two");
  }

  private Benchmarks benchmarks(Machine machine) {
    return new Benchmarks(
        home,
        CLOCK,
        machine,
        new PrintStream(out, true, UTF_8),
        new PrintStream(progress, true, UTF_8));
  }

  private static Result result(String peer, double rate) {
    return new Result(
        "2026-11-21T09:00:00Z",
        "inprocess/fanout",
        peer,
        1,
        Map.of("subscribers", 10L),
        Map.of("deliveriesPerSecond", rate),
        17);
  }
}
