package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.benchmarks.report.Run;
import dev.eventbroker.benchmarks.report.Run.Effort;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Everything that is measured within one process, with JMH: each measurement in a JVM of its own
 * that says what all its threads allocate. In a round every peer has its turn once under each load,
 * one right after another, so that what the machine does meanwhile hits all of them alike.
 *
 * <p>How long it takes on two cores, for each round: {@code GUARD} (us and the plain loop at 1 and
 * 1 000 subscribers) half a minute, {@code SHORT} (all peers at 1, 10, 1 000 and 10 000) four
 * minutes, {@code FULL} half an hour, much of it peers that find no end beside a million others.
 */
public final class InProcessSuite {

  private final Run run;
  private final Set<Question> absent = new HashSet<>();
  private final List<String> failures = new ArrayList<>();

  private InProcessSuite(Run run) {
    this.run = run;
  }

  /**
   * Measures. A peer that can't be set up in a minute is absent: it has no result, and the reason
   * is told as progress. We can't be absent. Who loses an event, or delivers one twice, has no
   * result either; the others are measured, and then the run fails.
   *
   * @throws IllegalStateException if a benchmark failed
   */
  public static void run(Run run) {
    InProcessSuite suite = new InProcessSuite(run);
    List<Question> plan = Plan.of(run.effort());
    for (int round = 1; round <= run.rounds(); round++) {
      for (Question question : plan) {
        suite.measure(question, round);
      }
    }
    if (!suite.failures.isEmpty()) {
      throw new IllegalStateException("failed: " + String.join("; ", suite.failures));
    }
  }

  private void measure(Question question, int round) {
    if (absent.contains(question)) {
      return;
    }
    Pace pace = run.effort() == Effort.GUARD ? Pace.CAREFUL : Pace.USUAL;
    try {
      Map<String, Double> figures = question.answer(pace);
      run.measured(question.scenario(), question.peer(), round, question.load(), figures);
    } catch (TooSlowException e) {
      absent.add(question);
      if (question.peer().equals(PeerKind.EVENTBROKER.label())) {
        failed(question, round, e);
      } else {
        run.progress().println(question + " absent: " + e.getMessage());
      }
    } catch (IllegalStateException e) {
      failed(question, round, e);
    }
  }

  private void failed(Question question, int round, RuntimeException why) {
    failures.add(question + " round " + round + ": " + why.getMessage());
    run.progress().println(question + " round " + round + " FAILED: " + why.getMessage());
  }
}
