package dev.eventbroker.benchmarks.sse;

import dev.eventbroker.benchmarks.report.Result;
import dev.eventbroker.benchmarks.report.Run;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * One contender's turn in one round.
 *
 * @param run what it belongs to
 * @param round counts from 1
 * @param contender whose turn it is
 * @param machine where its server and the driver run
 * @param scratch a directory for what servers write
 */
record Turn(Run run, int round, Contender contender, Machine machine, Path scratch) {

  /** What the others' harnesses use as well: about what a card on a board is. */
  static final int PAYLOAD_BYTES = 200;

  private static final Duration WARM_UP = Duration.ofSeconds(5);
  private static final Duration WARM_UP_AGAIN = Duration.ofSeconds(2);
  private static final Duration MEASURED = Duration.ofSeconds(3);

  boolean full() {
    return run.effort() == Run.Effort.FULL;
  }

  /** Returns how long a server that has just started is loaded before anything is measured. */
  Duration warmUp() {
    return run.effort() == Run.Effort.SHORT ? MEASURED : WARM_UP;
  }

  /** Returns how long one that has worked already is loaded in a new way before it is measured. */
  Duration warmUpAgain() {
    return full() ? WARM_UP_AGAIN : Duration.ofSeconds(1);
  }

  /** Returns how long it is measured. */
  Duration measured() {
    return run.effort() == Run.Effort.SHORT ? Duration.ofSeconds(2) : MEASURED;
  }

  /** Starts the contender's server. */
  ServerProcess start() {
    return ServerProcess.start(contender, machine, scratch);
  }

  /** Returns a driver for this server, with payloads of a run of their own. */
  LoadDriver drive(ServerProcess server, Payloads payloads) {
    return new LoadDriver(server.address(), contender.linesPerPost(), payloads);
  }

  /** Returns payloads that no other server has seen. */
  Payloads payloads() {
    return new Payloads(new SplittableRandom().nextInt(), PAYLOAD_BYTES);
  }

  /** Stores a measurement. */
  void measured(String scenario, Map<String, Long> parameters, Map<String, Double> figures) {
    if (contender.java()) {
      run.measured(scenario, contender.label(), round, parameters, figures);
      return;
    }
    run.results()
        .append(new Result(run.id(), scenario, contender.label(), round, parameters, figures, 0));
    say(scenario + " " + parameters + " " + figures);
  }

  /** Tells a person something that is no measurement. */
  void say(String what) {
    run.progress().println(contender.label() + " round " + round + ": " + what);
  }
}
