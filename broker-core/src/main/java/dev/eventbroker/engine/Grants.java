package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.List;

/**
 * What a subscription may see: what it was made with, and what it was widened by, each under the
 * decision that allowed it. A revocation takes away from what was decided before it. Touched by the
 * thread of one lane only.
 */
final class Grants {

  /**
   * Scopes that are remembered as revoked. Who loses more than that, one by one, is closed and
   * comes back with what is left.
   */
  static final int MAX_DENIED = 100;

  private final Grant original;
  private final List<Grant> all = new ArrayList<>(1);
  private int denied;

  /**
   * The first grant.
   *
   * @param since revocations from this sequence on came after the decision
   * @param from the first sequence that it may see
   */
  Grants(List<TopicFilter> filters, long since, long from) {
    original = new Grant(filters, since, from);
    all.add(original);
  }

  /** One more, beside the others. */
  void add(List<TopicFilter> filters, long since, long from) {
    all.add(new Grant(filters, since, from));
  }

  /** From which sequence on revocations take something from the first grant. */
  long originalSince() {
    return original.since;
  }

  /** Whether nothing was taken from the first grant. */
  boolean isOriginalWhole() {
    return original.denied.isEmpty();
  }

  /** Whether a revocation at that place takes something from the first grant. */
  boolean isOriginalConcerned(long sequence, TopicFilter scope) {
    return sequence >= original.since && original.asksFor(scope);
  }

  /** Whether the entry at that place is seen by the first grant. */
  boolean isOriginalSeeing(Entry.OfEvent event) {
    return original.sees(event);
  }

  /** Whether whatever its filters match is also seen: the usual case, with nothing to look up. */
  boolean areSimple() {
    return denied == 0 && all.size() == 1;
  }

  /** Whether it asks for a topic of that scope. */
  boolean askFor(TopicFilter scope) {
    for (Grant grant : all) {
      if (grant.asksFor(scope)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a filter matches, revoked or not. */
  boolean match(Topic topic) {
    for (Grant grant : all) {
      if (grant.matches(topic)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the event is one that it asks for and may see. */
  boolean see(Entry.OfEvent event) {
    for (Grant grant : all) {
      if (grant.sees(event)) {
        return true;
      }
    }
    return false;
  }

  /** Takes a scope from what was decided before that sequence; whether that takes something. */
  boolean revoke(long sequence, TopicFilter scope) {
    boolean concerned = false;
    denied = 0;
    for (Grant grant : all) {
      if (sequence >= grant.since && grant.asksFor(scope)) {
        concerned = true;
        grant.deny(scope);
      }
      denied += grant.denied.size();
    }
    return concerned;
  }

  /** Whether nothing is left of it, or so much was taken in pieces that it must be made anew. */
  boolean areUsedUp() {
    return denied > MAX_DENIED || (denied > 0 && all.stream().allMatch(Grant::isEmpty));
  }

  private static final class Grant {

    private final List<TopicFilter> filters;
    private final long since;
    private final long from;
    private final List<TopicFilter> denied = new ArrayList<>(0);

    Grant(List<TopicFilter> filters, long since, long from) {
      this.filters = filters;
      this.since = since;
      this.from = from;
    }

    boolean asksFor(TopicFilter scope) {
      return filters.stream().anyMatch(scope::intersects);
    }

    boolean matches(Topic topic) {
      for (TopicFilter filter : filters) {
        if (filter.matches(topic)) {
          return true;
        }
      }
      return false;
    }

    boolean sees(Entry.OfEvent event) {
      if (event.sequence < from || !matches(event.event.topic())) {
        return false;
      }
      for (TopicFilter scope : denied) {
        if (scope.matches(event.event.topic())) {
          return false;
        }
      }
      return true;
    }

    void deny(TopicFilter scope) {
      if (denied.stream().noneMatch(wider -> wider.covers(scope))) {
        denied.removeIf(scope::covers);
        denied.add(scope);
      }
    }

    boolean isEmpty() {
      return filters.stream()
          .allMatch(filter -> denied.stream().anyMatch(scope -> scope.covers(filter)));
    }
  }
}
