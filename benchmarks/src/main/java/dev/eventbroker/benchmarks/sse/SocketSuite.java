package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.eventbroker.benchmarks.report.ResultsFile;
import dev.eventbroker.benchmarks.report.Run;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Servers over real sockets, ours and others', under the same loads. Measured by hand with {@code
 * [--effort GUARD|SHORT|FULL] [--rounds N] [--results FILE] [--contenders a,b] [--scenarios a,b]}.
 */
public final class SocketSuite {

  /** The driver allocates hardly anything while it measures. */
  private static final List<String> DRIVER_OPTIONS =
      List.of("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC");

  /** It needs no load, and measures in this process. */
  private static final String DETECTION = "detection";

  private SocketSuite() {}

  /** See the class comment. */
  public static void main(String[] args) {
    run(
        new Run(
            Instant.now().toString(),
            Integer.parseInt(option(args, "--rounds", "1")),
            Run.Effort.valueOf(option(args, "--effort", "SHORT")),
            new ResultsFile(Path.of(option(args, "--results", "benchmarks/target/sse.jsonl"))),
            System.out),
        option(args, "--contenders", ""),
        option(args, "--scenarios", ""));
  }

  private static String option(String[] args, String name, String otherwise) {
    for (int i = 0; i < args.length - 1; i++) {
      if (args[i].equals(name)) {
        return args[i + 1];
      }
    }
    return otherwise;
  }

  /**
   * Measures everything, one contender after another in each round. The load comes from a process
   * of its own, which has a processor for itself where there are two.
   *
   * @throws IllegalStateException if one of our own servers fails; what the others do is only told
   */
  public static void run(Run run) {
    run(run, "", "");
  }

  private static void run(Run run, String contenders, String scenarios) {
    Machine machine = Machine.here();
    run.progress().println("over sockets: " + machine.note());
    List<String> command = new ArrayList<>(machine.driverPrefix());
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(DRIVER_OPTIONS);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(SocketDriver.class.getName());
    command.addAll(
        List.of(
            run.id(),
            Integer.toString(run.rounds()),
            run.effort().name(),
            run.results().path().toString(),
            Integer.toString(machine.serverProcessor()),
            contenders,
            scenarios));
    if (!scenarios.equals(DETECTION)) {
      follow(command, run);
    }
    boolean all = scenarios.isEmpty() && run.effort() != Run.Effort.GUARD;
    if (all || scenarios.equals(DETECTION)) {
      Detection.run(run);
    }
  }

  /** The driver ends when its standard input does, so it can't outlive this process. */
  private static void follow(List<String> command, Run run) {
    try {
      Process driver = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (BufferedReader lines = driver.inputReader(UTF_8)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          run.progress().println(line);
        }
      } finally {
        driver.getOutputStream().close();
      }
      int status = driver.waitFor();
      if (status != 0) {
        throw new IllegalStateException("the load driver ended with " + status);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("can't follow the load driver", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
