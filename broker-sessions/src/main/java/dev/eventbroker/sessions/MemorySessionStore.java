package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sessions of one process. Nothing is kept over a restart, fences neither: they start at 1 again,
 * so whoever keeps the highest fence seen elsewhere needs another store.
 *
 * <p>One lock, held for no longer than a pass over the sessions; nothing foreign is called under it
 * but the clock.
 */
public final class MemorySessionStore implements SessionStore {

  private final InstantSource clock;
  private final Object lock = new Object();

  // Guarded by lock.
  private final Map<UUID, Held> byId = new HashMap<>();
  private final Map<String, Held> byResource = new HashMap<>();
  private final Map<String, Set<Held>> byOwner = new HashMap<>();
  private final Map<String, Map<String, Instant>> nodesByOwner = new HashMap<>();
  private long lastFence;
  private @Nullable Instant lastPulse;
  private Instant sweepNotBefore = Instant.MAX;

  /**
   * An empty store.
   *
   * @param clock what time it is. May be set: a leap of it counts as an outage, in which nobody
   *     expires
   */
  public MemorySessionStore(InstantSource clock) {
    this.clock = requireNonNull(clock, "clock");
  }

  /** Never: there is no transaction that the event could be part of. */
  @Override
  public boolean storesEvents() {
    return false;
  }

  @Override
  public Acquisition acquire(Claim claim, LeaseTerms terms, SessionEvents events) {
    synchronized (lock) {
      Instant now = clock.instant();
      Held held = byResource.get(claim.resource());
      if (held == null) {
        return new Acquired(begin(claim, now).session, true);
      }
      if (held.session.owner().equals(claim.owner())) {
        held.touchedAt = now;
        return new Acquired(held.session, false);
      }
      return new Conflict(held.session, remaining(held, terms, now));
    }
  }

  private Held begin(Claim claim, Instant now) {
    Session session =
        new Session(
            UUID.randomUUID(),
            claim.resource(),
            claim.owner(),
            claim.user(),
            ++lastFence,
            now,
            claim.topic());
    Held held = new Held(session, now);
    byId.put(session.id(), held);
    byResource.put(session.resource(), held);
    byOwner.computeIfAbsent(session.owner(), name -> new HashSet<>()).add(held);
    return held;
  }

  private Duration remaining(Held held, LeaseTerms terms, Instant now) {
    Instant end = held.touchedAt.plus(terms.timeout());
    if (lastPulse != null && sweepNotBefore.isAfter(end)) {
      end = sweepNotBefore;
    }
    return end.isAfter(now) ? Duration.between(now, end) : Duration.ZERO;
  }

  @Override
  public Optional<Session> release(UUID session, SessionEvents events) {
    synchronized (lock) {
      Optional<Held> held = Optional.ofNullable(byId.get(session));
      held.ifPresent(this::end);
      return held.map(ended -> ended.session);
    }
  }

  @Override
  public List<Session> releaseOwner(String owner, SessionEvents events) {
    synchronized (lock) {
      return endAllOf(owner);
    }
  }

  @Override
  public void touch(String node, Set<String> owners, LeaseTerms terms) {
    synchronized (lock) {
      Instant now = clock.instant();
      for (String owner : owners) {
        nodesByOwner.computeIfAbsent(owner, name -> new HashMap<>()).put(node, now);
        byOwner.getOrDefault(owner, Set.of()).forEach(held -> held.touchedAt = now);
      }
      if (isSilent(terms, now)) {
        sweepNotBefore = now.plus(terms.timeout());
      }
      lastPulse = now;
    }
  }

  @Override
  public List<Session> detach(
      String node, Set<String> owners, LeaseTerms terms, SessionEvents events) {
    synchronized (lock) {
      forgetNode(node, owners);
      Instant now = clock.instant();
      List<Session> ended = new ArrayList<>();
      for (String owner : owners) {
        if (!isElsewhere(owner, terms, now)) {
          ended.addAll(endAllOf(owner));
        }
      }
      return List.copyOf(ended);
    }
  }

  /** Whether a node has the owner. After an outage, those that have not touched yet count too. */
  private boolean isElsewhere(String owner, LeaseTerms terms, Instant now) {
    Predicate<Instant> counts =
        mayExpire(terms, now) ? seen -> !isStale(seen, terms, now) : seen -> true;
    return nodesByOwner.getOrDefault(owner, Map.of()).values().stream().anyMatch(counts);
  }

  @Override
  public void forget(String node, Set<String> owners) {
    synchronized (lock) {
      forgetNode(node, owners);
    }
  }

  private void forgetNode(String node, Set<String> owners) {
    for (String owner : owners) {
      nodesByOwner.computeIfPresent(
          owner,
          (name, nodes) -> {
            nodes.remove(node);
            return nodes.isEmpty() ? null : nodes;
          });
    }
  }

  @Override
  public List<Session> sweep(LeaseTerms terms, int atMost, SessionEvents events) {
    synchronized (lock) {
      Instant now = clock.instant();
      if (!mayExpire(terms, now)) {
        return List.of();
      }
      List<Held> stale =
          byId.values().stream()
              .filter(held -> isStale(held.touchedAt, terms, now))
              .limit(atMost)
              .toList();
      stale.forEach(this::end);
      nodesByOwner.values().removeIf(nodes -> areStale(nodes, terms, now));
      return stale.stream().map(held -> held.session).toList();
    }
  }

  private static boolean areStale(Map<String, Instant> nodes, LeaseTerms terms, Instant now) {
    nodes.values().removeIf(seen -> isStale(seen, terms, now));
    return nodes.isEmpty();
  }

  @Override
  public Optional<Session> find(UUID session) {
    synchronized (lock) {
      return Optional.ofNullable(byId.get(session)).map(held -> held.session);
    }
  }

  @Override
  public Optional<Session> holder(String resource) {
    synchronized (lock) {
      return Optional.ofNullable(byResource.get(resource)).map(held -> held.session);
    }
  }

  @Override
  public long held() {
    synchronized (lock) {
      return byId.size();
    }
  }

  private boolean mayExpire(LeaseTerms terms, Instant now) {
    return !isSilent(terms, now) && !now.isBefore(sweepNotBefore);
  }

  private boolean isSilent(LeaseTerms terms, Instant now) {
    return lastPulse == null || Duration.between(lastPulse, now).compareTo(terms.outage()) > 0;
  }

  private static boolean isStale(Instant seen, LeaseTerms terms, Instant now) {
    return Duration.between(seen, now).compareTo(terms.timeout()) >= 0;
  }

  private List<Session> endAllOf(String owner) {
    List<Held> ended = List.copyOf(byOwner.getOrDefault(owner, Set.of()));
    ended.forEach(this::end);
    return ended.stream().map(held -> held.session).toList();
  }

  private void end(Held held) {
    Session session = held.session;
    byId.remove(session.id());
    byResource.remove(session.resource());
    byOwner.computeIfPresent(
        session.owner(),
        (name, all) -> {
          all.remove(held);
          return all.isEmpty() ? null : all;
        });
  }

  private static final class Held {

    private final Session session;
    private Instant touchedAt;

    Held(Session session, Instant touchedAt) {
      this.session = session;
      this.touchedAt = touchedAt;
    }
  }
}
