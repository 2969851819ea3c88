package dev.eventbroker.sessions;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes there are, which owners they have, and when any of them was last heard of, for {@link
 * MemorySessionStore}, which guards it.
 */
final class NodeBook {

  private final Map<String, Node> nodes = new HashMap<>();
  private final Map<String, Map<String, Instant>> nodesByOwner = new HashMap<>();
  private @Nullable Instant lastPulse;
  private @Nullable Instant resumedAt;

  void touched(String name, Set<String> owners, long roll, LeaseTerms terms, Instant now) {
    for (String owner : owners) {
      nodesByOwner.computeIfAbsent(owner, each -> new HashMap<>()).put(name, now);
    }
    Node node = nodes.computeIfAbsent(name, each -> new Node());
    node.seenAt = now;
    node.roll = Math.max(node.roll, roll);
    if (isSilent(terms, now)) {
      resumedAt = now;
    }
    lastPulse = now;
    notAheadOf(now);
  }

  void forget(String node, Set<String> owners) {
    for (String owner : owners) {
      nodesByOwner.computeIfPresent(
          owner,
          (name, having) -> {
            having.remove(node);
            return having.isEmpty() ? null : having;
          });
    }
  }

  void leave(String node) {
    nodes.remove(node);
    nodesByOwner.values().removeIf(having -> having.remove(node) != null && having.isEmpty());
  }

  /** Whether any has the owner. After an outage, those that have not touched yet count too. */
  boolean have(String owner, LeaseTerms terms, Instant now) {
    Predicate<Instant> counts =
        mayExpire(terms, now) ? seen -> !isStale(seen, terms, now) : seen -> true;
    return nodesByOwner.getOrDefault(owner, Map.of()).values().stream().anyMatch(counts);
  }

  /** Whether all that are alive have answered that roll call, but for the one that called it. */
  boolean haveAnswered(long roll, String caller, LeaseTerms terms, Instant now) {
    return nodes.entrySet().stream()
        .filter(entry -> !entry.getKey().equals(caller))
        .noneMatch(entry -> entry.getValue().roll < roll && isAlive(entry.getValue(), terms, now));
  }

  boolean isAlone(String node, LeaseTerms terms, Instant now) {
    return nodes.entrySet().stream()
        .noneMatch(entry -> !entry.getKey().equals(node) && isAlive(entry.getValue(), terms, now));
  }

  private boolean isAlive(Node node, LeaseTerms terms, Instant now) {
    return isWithin(node.seenAt, terms.outage(), now)
        || isSilent(terms, now)
        || (resumedAt != null && isWithin(resumedAt, terms.outage(), now));
  }

  boolean mayExpire(LeaseTerms terms, Instant now) {
    return resumedAt != null && !isSilent(terms, now) && isStale(resumedAt, terms, now);
  }

  Optional<Instant> resumedAt() {
    return Optional.ofNullable(resumedAt);
  }

  /** The clock was set back: what was seen after it was seen now. */
  void notAheadOf(Instant now) {
    nodes.values().forEach(node -> node.seenAt = earlier(node.seenAt, now));
    nodesByOwner.values().forEach(having -> having.replaceAll((node, seen) -> earlier(seen, now)));
    lastPulse = lastPulse == null ? null : earlier(lastPulse, now);
    resumedAt = resumedAt == null ? null : earlier(resumedAt, now);
  }

  private static Instant earlier(Instant seen, Instant now) {
    return seen.isAfter(now) ? now : seen;
  }

  void sweep(LeaseTerms terms, Instant now) {
    nodes.values().removeIf(node -> isStale(node.seenAt, terms, now));
    nodesByOwner.values().removeIf(having -> areStale(having, terms, now));
  }

  private static boolean areStale(Map<String, Instant> having, LeaseTerms terms, Instant now) {
    having.values().removeIf(seen -> isStale(seen, terms, now));
    return having.isEmpty();
  }

  private boolean isSilent(LeaseTerms terms, Instant now) {
    return lastPulse == null || !isWithin(lastPulse, terms.outage(), now);
  }

  private static boolean isWithin(Instant seen, Duration time, Instant now) {
    return Duration.between(seen, now).compareTo(time) <= 0;
  }

  static boolean isStale(Instant seen, LeaseTerms terms, Instant now) {
    return Duration.between(seen, now).compareTo(terms.timeout()) >= 0;
  }

  private static final class Node {

    private Instant seenAt = Instant.MIN;
    private long roll;
  }
}
