package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.benchmarks.report.Run.Effort;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What is asked with which effort, in order: load by load, all peers one after another. */
final class Plan {

  private static final int MANY_PUBLISHERS = 4;
  private static final int MANY_TOPICS = 100_000;

  /** Whose publish is measured by itself: ours, and one of each kind of the others. */
  private static final Set<PeerKind> PUBLISH =
      EnumSet.of(
          PeerKind.EVENTBROKER, PeerKind.LOOP, PeerKind.SUBMISSION_PUBLISHER, PeerKind.JCTOOLS);

  /** Who keeps subscribers in a way of its own; both of Guava's do it alike. */
  private static final Set<PeerKind> SUBSCRIBE =
      EnumSet.complementOf(EnumSet.of(PeerKind.GUAVA_ASYNC));

  private final List<Question> questions = new ArrayList<>();

  private Plan() {}

  /** The questions of that effort. */
  static List<Question> of(Effort effort) {
    Plan plan = new Plan();
    switch (effort) {
      case GUARD -> plan.guard();
      case SHORT -> plan.some();
      case FULL -> plan.everything();
    }
    return List.copyOf(plan.questions);
  }

  private void guard() {
    for (int subscribers : new int[] {1, 1000}) {
      for (PeerKind kind : EnumSet.of(PeerKind.EVENTBROKER, PeerKind.LOOP)) {
        questions.add(Question.fanout(kind.label(), subscribers, 1, 1));
      }
    }
  }

  private void some() {
    for (int subscribers : new int[] {1, 10, 1000, 10_000}) {
      fanout(EnumSet.allOf(PeerKind.class), subscribers, 1, 1);
    }
    for (int beside : new int[] {0, 1000}) {
      subscribe(
          EnumSet.of(PeerKind.EVENTBROKER, PeerKind.LOOP, PeerKind.SUBMISSION_PUBLISHER), beside);
    }
    subscribe(EnumSet.of(PeerKind.EVENTBROKER), 100_000);
    questions.add(Question.replay(1024));
    questions.add(Question.detached());
    questions.add(Question.framing(200));
  }

  private void everything() {
    for (int subscribers : new int[] {1, 10, 100, 1000, 10_000, 100_000}) {
      for (PeerKind kind : PeerKind.values()) {
        questions.add(
            PUBLISH.contains(kind)
                ? Question.fanoutAndPublish(kind.label(), subscribers)
                : Question.fanout(kind.label(), subscribers, 1, 1));
      }
    }
    Set<PeerKind> all = EnumSet.allOf(PeerKind.class);
    fanout(all, 1, MANY_PUBLISHERS, 1);
    fanout(all, 1000, MANY_PUBLISHERS, 1);
    fanout(all, MANY_TOPICS, 1, MANY_TOPICS);
    fanout(all, MANY_TOPICS, MANY_PUBLISHERS, MANY_TOPICS);
    for (int beside : new int[] {0, 1000, 100_000, 1_000_000}) {
      subscribe(SUBSCRIBE, beside);
      questions.add(Question.subscribe(PeerKind.EVENTBROKER.label(), beside, true));
    }
    for (int filters : new int[] {10, 10_000, 1_000_000}) {
      questions.add(Question.matching(filters, false));
      questions.add(Question.matching(filters, true));
    }
    questions.add(Question.replay(1024));
    questions.add(Question.replay(65_536));
    questions.add(Question.detached());
    questions.add(Question.framing(200));
    questions.add(Question.framing(2000));
  }

  private void fanout(Set<PeerKind> kinds, int subscribers, int publishers, int topics) {
    kinds.forEach(
        kind -> questions.add(Question.fanout(kind.label(), subscribers, publishers, topics)));
  }

  private void subscribe(Set<PeerKind> kinds, int beside) {
    kinds.forEach(kind -> questions.add(Question.subscribe(kind.label(), beside, false)));
  }
}
