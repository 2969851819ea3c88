package dev.eventbroker.testing;

import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Revocation;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.PublishedHistory.Entry;
import java.util.ArrayList;
import java.util.List;

/**
 * What one subscription of a history asks for and may see: its first filters and what it was
 * widened by, each as of its own decision, less what was revoked since.
 */
final class HistoryRights {

  /** Whether an entry is told to the subscription when its run comes past. */
  enum Due {
    /** It must be. */
    YES,
    /** It may be, and may be left out. */
    MAY,
    /** It must not be. */
    NO
  }

  /**
   * @param since revocations from this index on came after the decision
   * @param from the first index that it is about
   */
  private record Grant(List<TopicFilter> filters, int since, int from) {

    boolean asksFor(Event event) {
      return filters.stream().anyMatch(filter -> TopicPatterns.covers(filter, event.topic()));
    }

    boolean asksFor(TopicFilter scope) {
      return filters.stream().anyMatch(filter -> TopicPatterns.overlap(filter, scope));
    }
  }

  private final PublishedHistory published;
  private final String principal;
  private final List<Grant> grants = new ArrayList<>();
  private int readBelow;

  HistoryRights(PublishedHistory published, String principal) {
    this.published = published;
    this.principal = principal;
  }

  void grant(List<TopicFilter> filters, int since, int from) {
    grants.add(new Grant(List.copyOf(filters), since, from));
  }

  /** The lane has read everything below that index: what is revoked there is not told any more. */
  void readBelow(int index) {
    readBelow = Math.max(readBelow, index);
  }

  Due due(int index) {
    Entry entry = published.entry(index);
    if (entry.what() instanceof Event event) {
      return event.audience().includes(principal) ? dueEvent(index, event) : Due.NO;
    }
    if (entry.what() instanceof Gap gap) {
      return dueWord(index, gap.scope());
    }
    Revocation revocation = (Revocation) entry.what();
    return revocation.principal().equals(principal) ? dueWord(index, revocation.scope()) : Due.NO;
  }

  private Due dueEvent(int index, Event event) {
    Due best = Due.NO;
    for (Grant grant : grants) {
      Due due =
          grant.from <= index && grant.asksFor(event) ? unlessRevoked(grant, index, event) : Due.NO;
      best = due.compareTo(best) < 0 ? due : best;
    }
    return best;
  }

  private Due unlessRevoked(Grant grant, int index, Event event) {
    Due due = Due.YES;
    for (int at : published.revocations()) {
      if (at >= grant.since && takes(at, event)) {
        if (at < index || at < readBelow) {
          return Due.NO;
        }
        due = Due.MAY;
      }
    }
    return due;
  }

  private boolean takes(int at, Event event) {
    Revocation revocation = (Revocation) published.entry(at).what();
    return revocation.principal().equals(principal)
        && TopicPatterns.covers(revocation.scope(), event.topic());
  }

  private Due dueWord(int index, TopicFilter scope) {
    Due best = Due.NO;
    for (Grant grant : grants) {
      if (grant.asksFor(scope)) {
        Due due = grant.from <= index ? Due.YES : Due.MAY;
        best = due.compareTo(best) < 0 ? due : best;
      }
    }
    return best;
  }

  /** The first revocation from that index on that takes the event there; -1 if there is none. */
  int hiddenBy(int index) {
    Event event = (Event) published.entry(index).what();
    for (int at : published.revocations()) {
      if (at > index && at >= grants.get(0).since && takes(at, event)) {
        return at;
      }
    }
    return -1;
  }

  /**
   * Whether the event there is one that was asked for from the first: a snapshot may contain it.
   */
  boolean isOfTheFirst(int index) {
    return published.entry(index).what() instanceof Event event && grants.get(0).asksFor(event);
  }

  /** Whether it would have to be told if nothing had been revoked after it. */
  boolean wasDue(int index) {
    return published.entry(index).what() instanceof Event event
        && event.audience().includes(principal)
        && grants.stream()
            .anyMatch(
                grant ->
                    grant.from <= index
                        && grant.asksFor(event)
                        && published.revocations().stream()
                            .noneMatch(at -> at >= grant.since && at < index && takes(at, event)));
  }

  /** The revocations below that index that take something from the first decision. */
  List<Integer> takenFromTheFirst(int below) {
    Grant first = grants.get(0);
    List<Integer> taken = new ArrayList<>();
    for (int at : published.revocations()) {
      Revocation revocation = (Revocation) published.entry(at).what();
      if (at < below
          && at >= first.since
          && revocation.principal().equals(principal)
          && first.asksFor(revocation.scope())) {
        taken.add(at);
      }
    }
    return taken;
  }
}
