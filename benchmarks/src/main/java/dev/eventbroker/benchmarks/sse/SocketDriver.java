package dev.eventbroker.benchmarks.sse;

import dev.eventbroker.benchmarks.report.ResultsFile;
import dev.eventbroker.benchmarks.report.Run;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The process that {@link SocketSuite} starts: goes through all turns on one thread. */
final class SocketDriver {

  private final Run run;
  private final Machine machine;
  private final Path scratch;
  private int failures;

  private SocketDriver(Run run, Machine machine, Path scratch) {
    this.run = run;
    this.machine = machine;
    this.scratch = scratch;
  }

  /** Takes what the suite gives it, in this order. */
  public static void main(String[] args) throws IOException {
    endWithStandardInput();
    Run run =
        new Run(
            args[0],
            Integer.parseInt(args[1]),
            Run.Effort.valueOf(args[2]),
            new ResultsFile(Path.of(args[3])),
            System.out);
    Machine machine = new Machine(Integer.parseInt(args[4]), Machine.ANY, "");
    Path scratch = Files.createTempDirectory("eventbroker-benchmarks");
    int failures;
    try {
      SocketDriver driver = new SocketDriver(run, machine, scratch);
      driver.run(listed(args[5]), listed(args[6]));
      failures = driver.failures;
    } finally {
      delete(scratch);
    }
    System.exit(failures == 0 ? 0 : 1);
  }

  private static List<String> listed(String names) {
    return names.isEmpty() ? List.of() : List.of(names.split(",", -1));
  }

  private static void endWithStandardInput() {
    Thread watch =
        new Thread(
            () -> {
              try {
                long unused = System.in.transferTo(OutputStream.nullOutputStream());
              } catch (IOException e) {
                System.err.println("standard input: " + e);
              }
              Runtime.getRuntime().exit(1);
            },
            "end-with-standard-input");
    watch.setDaemon(true);
    watch.start();
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("can't delete " + directory, e);
    }
  }

  private void run(List<String> contenders, List<String> scenarios) {
    for (int round = 1; round <= run.rounds(); round++) {
      for (Plan plan : Plan.of(run.effort())) {
        if (!scenarios.isEmpty() && !scenarios.contains(plan.name())) {
          continue;
        }
        for (Contender contender : Contender.values()) {
          boolean named =
              contenders.isEmpty() ? plan.wants(contender) : contenders.contains(contender.label());
          if (named) {
            turn(plan, new Turn(run, round, contender, machine, scratch));
          }
        }
      }
    }
  }

  private void turn(Plan plan, Turn turn) {
    if (!turn.contender().available()) {
      if (turn.round() == 1) {
        turn.say("left out of " + plan.name() + ": " + turn.contender().missing());
      }
      return;
    }
    try {
      plan.scenario().run(turn);
    } catch (IllegalStateException | UncheckedIOException e) {
      // One server that fails says nothing about the next one.
      turn.say(plan.name() + " FAILED: " + e + (e.getCause() == null ? "" : ", " + e.getCause()));
      failures += Plan.isOurs(turn.contender()) ? 1 : 0;
    }
  }
}
