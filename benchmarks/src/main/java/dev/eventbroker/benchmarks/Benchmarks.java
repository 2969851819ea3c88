package dev.eventbroker.benchmarks;

import dev.eventbroker.benchmarks.report.Guard;
import dev.eventbroker.benchmarks.report.GuardFile;
import dev.eventbroker.benchmarks.report.PerformancePage;
import dev.eventbroker.benchmarks.report.Result;
import dev.eventbroker.benchmarks.report.ResultsFile;
import dev.eventbroker.benchmarks.report.Run;
import dev.eventbroker.benchmarks.report.Summary;
import dev.eventbroker.benchmarks.report.Tables;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Measures, and shows what was measured: {@code --help} tells all. Results go to a file as they
 * come, progress to standard error, tables to standard output.
 */
public final class Benchmarks {

  private static final int PASSED = 0;
  private static final int FAILED = 1;
  private static final int NOT_UNDERSTOOD = 2;

  /** Says where this module is, when it is started from elsewhere. */
  private static final String HOME = "benchmarks.home";

  private final Path home;
  private final Clock clock;
  private final Machine machine;
  private final PrintStream tables;
  private final PrintStream progress;

  Benchmarks(Path home, Clock clock, Machine machine, PrintStream tables, PrintStream progress) {
    this.home = home;
    this.clock = clock;
    this.machine = machine;
    this.tables = tables;
    this.progress = progress;
  }

  /** See {@code --help}. Ends with 0, with 1 when the guard fails, with 2 for bad arguments. */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Path home = Path.of(System.getProperty(HOME, "benchmarks"));
    int status =
        new Benchmarks(home, Clock.systemUTC(), Machine.here(), out, System.err)
            .start(List.of(args));
    // A suite that leaves a thread behind must not keep the command from ending.
    System.exit(status);
  }

  int start(List<String> words) {
    try {
      return command(words);
    } catch (IllegalArgumentException e) {
      progress.println(e.getMessage());
      progress.println("see --help");
      return NOT_UNDERSTOOD;
    } catch (RuntimeException e) {
      // Whoever failed may have left threads: the command has to end all the same.
      e.printStackTrace(progress);
      return FAILED;
    }
  }

  private int command(List<String> words) {
    if (words.contains("--help")) {
      tables.print(help());
      return PASSED;
    }
    String first = words.isEmpty() ? "" : words.get(0);
    return switch (first) {
      case "tables" -> tables(words.subList(1, words.size()));
      case "charts" -> charts(words.subList(1, words.size()));
      case "guard" -> guard(Arguments.ofGuard(words.subList(1, words.size())));
      default -> measureAll(Arguments.ofRun(words));
    };
  }

  private int measureAll(Arguments arguments) {
    Path file =
        arguments.results().orElseGet(() -> home.resolve("results").resolve(today() + ".jsonl"));
    Measured measured = measure(arguments, file);
    progress.println("results are in " + file);
    tables.print(new Tables(measured.summary()).markdown());
    return measured.complete() ? PASSED : FAILED;
  }

  /** What this run measured, and whether that is all. */
  private record Measured(Summary summary, boolean complete) {}

  /** A suite that fails does not keep the others from being measured. */
  private Measured measure(Arguments arguments, Path file) {
    Duration expected =
        arguments.suites().stream()
            .map(suite -> suite.expected(arguments.effort(), arguments.rounds()))
            .reduce(Duration.ZERO, Duration::plus);
    Run run =
        new Run(
            clock.instant().truncatedTo(ChronoUnit.SECONDS).toString(),
            arguments.rounds(),
            arguments.effort(),
            new ResultsFile(file),
            Progress.to(progress, clock, expected));
    boolean complete = true;
    for (Suite suite : arguments.suites()) {
      complete &= ask(suite, run);
    }
    return new Measured(new Summary(of(run, file)), complete);
  }

  private static boolean ask(Suite suite, Run run) {
    run.progress().println(suite.label() + ": begins");
    try {
      suite.run(run);
      return true;
    } catch (RuntimeException e) { // whatever it is, the others go on
      run.progress().println(suite.label() + ": FAILED");
      e.printStackTrace(run.progress());
      return false;
    }
  }

  /** What else is in the file is of other runs. */
  private static List<Result> of(Run run, Path file) {
    return Files.exists(file)
        ? new ResultsFile(file)
            .read().stream().filter(result -> result.run().equals(run.id())).toList()
        : List.of();
  }

  private int tables(List<String> words) {
    if (words.size() != 1) {
      throw new IllegalArgumentException("tables: " + words + " (expected: FILE)");
    }
    tables.print(new Tables(stored(words.get(0))).markdown());
    return PASSED;
  }

  private int charts(List<String> words) {
    if (words.size() != 2) {
      throw new IllegalArgumentException("charts: " + words + " (expected: FILE DIRECTORY)");
    }
    new PerformancePage(stored(words.get(0))).write(Path.of(words.get(1)));
    return PASSED;
  }

  private static Summary stored(String file) {
    return new Summary(new ResultsFile(Path.of(file)).read());
  }

  private int guard(Arguments arguments) {
    Optional<String> missing = machine.missing();
    if (missing.isPresent()) {
      progress.println("guard: skipped, for there is nothing to measure with: " + missing.get());
      return PASSED;
    }
    GuardFile onRecord = new GuardFile(home.resolve("guard.json"));
    Path file = arguments.results().orElseGet(() -> home.resolve("target").resolve("guard.jsonl"));
    Measured measured = measure(arguments, file);
    Guard guard = new Guard(measured.summary());
    if (!measured.complete()) {
      progress.println("guard: FAILED, for not everything could be measured");
      return FAILED;
    }
    if (arguments.record()) {
      List<Guard.Entry> entries = guard.entries(today());
      onRecord.write(entries);
      progress.println("guard: " + entries.size() + " ratios are on record");
      return PASSED;
    }
    List<Guard.Entry> record = onRecord.read();
    guard.unguarded(record).forEach(name -> progress.println("not on record: " + name));
    List<Guard.Verdict> verdicts = guard.compare(record);
    verdicts.forEach(v -> progress.println((v.passed() ? "passed: " : "FAILED: ") + v.text()));
    return verdicts.stream().allMatch(Guard.Verdict::passed) ? PASSED : FAILED;
  }

  private String today() {
    return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).toString();
  }

  private static String help() {
    try (InputStream text = Benchmarks.class.getResourceAsStream("help.txt")) {
      byte[] bytes = Objects.requireNonNull(text, "help.txt").readAllBytes();
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("can't read the help", e);
    }
  }
}
