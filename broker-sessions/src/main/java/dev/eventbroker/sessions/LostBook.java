package dev.eventbroker.sessions;

import dev.eventbroker.sessions.Touched.Lost;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Sessions that ended while their owner was away, until it comes back and is told, for {@link
 * MemorySessionStore}, which guards it.
 */
final class LostBook {

  /** A laptop that slept over night still says so in the morning. */
  static final Duration KEPT = Duration.ofDays(1);

  private final Map<String, List<Entry>> byOwner = new HashMap<>();

  void note(Session session, ReleaseReason reason, Instant now) {
    byOwner
        .computeIfAbsent(session.owner(), owner -> new ArrayList<>())
        .add(new Entry(new Lost(session, reason), now));
  }

  /** What that owner has to be told, once. */
  List<Lost> take(String owner) {
    return Optional.ofNullable(byOwner.remove(owner)).orElse(List.of()).stream()
        .map(Entry::lost)
        .toList();
  }

  void sweep(Instant now) {
    byOwner.values().removeIf(entries -> areOver(entries, now));
  }

  private static boolean areOver(List<Entry> entries, Instant now) {
    entries.removeIf(entry -> Duration.between(entry.at, now).compareTo(KEPT) > 0);
    return entries.isEmpty();
  }

  private record Entry(Lost lost, Instant at) {}
}
