package dev.eventbroker.benchmarks;

import dev.eventbroker.benchmarks.inprocess.InProcessSuite;
import dev.eventbroker.benchmarks.postgres.PostgresSuite;
import dev.eventbroker.benchmarks.report.Run;
import dev.eventbroker.benchmarks.sse.SocketSuite;
import java.time.Duration;

/** A kind of question, with the class that asks all of it. */
enum Suite {
  INPROCESS("inprocess", 22, 240, 1700),
  SSE("sse", 20, 220, 1850),
  POSTGRES("postgres", 0, 60, 150);

  private final String label;
  private final int guardSeconds;
  private final int shortSeconds;
  private final int fullSeconds;

  Suite(String label, int guardSeconds, int shortSeconds, int fullSeconds) {
    this.label = label;
    this.guardSeconds = guardSeconds;
    this.shortSeconds = shortSeconds;
    this.fullSeconds = fullSeconds;
  }

  /** What it is called on the command line. */
  String label() {
    return label;
  }

  /** About how long it takes: what a round took on two cores, times the rounds. */
  Duration expected(Run.Effort effort, int rounds) {
    int seconds =
        switch (effort) {
          case GUARD -> guardSeconds;
          case SHORT -> shortSeconds;
          case FULL -> fullSeconds;
        };
    return Duration.ofSeconds((long) seconds * rounds);
  }

  /** Asks all of it. */
  void run(Run run) {
    switch (this) {
      case INPROCESS -> InProcessSuite.run(run);
      case SSE -> SocketSuite.run(run);
      case POSTGRES -> PostgresSuite.run(run);
    }
  }
}
