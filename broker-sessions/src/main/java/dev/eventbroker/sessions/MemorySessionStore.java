package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import dev.eventbroker.sessions.Touched.Lost;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
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
  private final Map<String, Held> exclusive = new HashMap<>();
  private final Map<String, Set<Held>> byOwner = new HashMap<>();
  private final NodeBook nodes = new NodeBook();
  private final LostBook lost = new LostBook();
  private long lastFence;
  private long lastRoll;
  private @Nullable Instant massSince;

  /**
   * An empty store.
   *
   * @param clock what time it is. May be set: a leap forward counts as an outage, in which nobody
   *     expires, and after one back nobody lasts longer than a timeout from then
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
      return acquired(claim, terms, held -> false);
    }
  }

  @Override
  public Acquisition takeOver(Claim claim, long fence, LeaseTerms terms, SessionEvents events) {
    synchronized (lock) {
      return acquired(claim, terms, held -> held.session.fence() == fence);
    }
  }

  private Acquisition acquired(Claim claim, LeaseTerms terms, Predicate<Held> mayTake) {
    Instant now = clock.instant();
    Optional<Held> held = inTheWay(claim);
    if (held.isEmpty()) {
      return Acquired.begun(begin(claim, now));
    }
    Session holder = held.get().session;
    if (holder.owner().equals(claim.owner())) {
      return Acquired.still(holder);
    }
    if (!mayTake.test(held.get())) {
      return new Conflict(holder, remaining(held.get(), terms, now));
    }
    end(held.get());
    return new Acquired(begin(claim, now), true, Optional.of(holder));
  }

  private Optional<Held> inTheWay(Claim claim) {
    if (claim.mode() == Mode.EXCLUSIVE) {
      return Optional.ofNullable(exclusive.get(claim.resource()));
    }
    return byOwner.getOrDefault(claim.owner(), Set.of()).stream()
        .filter(held -> held.session.mode() == Mode.SHARED)
        .filter(held -> held.session.resource().equals(claim.resource()))
        .findFirst();
  }

  private Session begin(Claim claim, Instant now) {
    Session session =
        new Session(
            UUID.randomUUID(),
            claim.resource(),
            claim.owner(),
            claim.user(),
            ++lastFence,
            now,
            claim.topic(),
            claim.mode());
    Held held = new Held(session, now);
    byId.put(session.id(), held);
    if (session.mode() == Mode.EXCLUSIVE) {
      exclusive.put(session.resource(), held);
    }
    byOwner.computeIfAbsent(session.owner(), name -> new HashSet<>()).add(held);
    return session;
  }

  private Duration remaining(Held held, LeaseTerms terms, Instant now) {
    Instant since = nodes.resumedAt().filter(held.touchedAt::isBefore).orElse(held.touchedAt);
    Duration remaining = Duration.between(now, since.plus(terms.timeout()));
    return remaining.isNegative() ? Duration.ZERO : remaining;
  }

  @Override
  public Optional<Session> release(UUID session, ReleaseReason reason, SessionEvents events) {
    synchronized (lock) {
      return Optional.ofNullable(byId.get(session)).map(this::end);
    }
  }

  @Override
  public List<Session> releaseOwner(String owner, SessionEvents events) {
    synchronized (lock) {
      return endAll(List.copyOf(byOwner.getOrDefault(owner, Set.of())));
    }
  }

  @Override
  public Touched touch(
      String node, Set<String> owners, long roll, LeaseTerms terms, SessionEvents events) {
    synchronized (lock) {
      Instant now = clock.instant();
      List<Lost> told = new ArrayList<>();
      for (String owner : owners) {
        byOwner.getOrDefault(owner, Set.of()).forEach(held -> held.touch(now));
        told.addAll(lost.take(owner));
      }
      nodes.touched(node, owners, roll, terms, now);
      return new Touched(told, nodes.isAlone(node, terms, now));
    }
  }

  @Override
  public void detach(String node, Set<String> owners, LeaseTerms terms) {
    synchronized (lock) {
      nodes.forget(node, owners);
      Instant now = clock.instant();
      long roll = ++lastRoll;
      for (String owner : owners) {
        if (!nodes.have(owner, terms, now)) {
          byOwner.getOrDefault(owner, Set.of()).forEach(held -> held.left = new Left(roll, node));
        }
      }
    }
  }

  @Override
  public long openRoll() {
    synchronized (lock) {
      return left().mapToLong(held -> requireNonNull(held.left).roll).max().orElse(0);
    }
  }

  @Override
  public List<Session> settle(LeaseTerms terms, int atMost, SessionEvents events) {
    synchronized (lock) {
      Instant now = clock.instant();
      List<Held> gone = left().filter(held -> isSettled(held, terms, now)).limit(atMost).toList();
      gone.forEach(held -> lost.note(held.session, ReleaseReason.DISCONNECTED, now));
      return endAll(gone);
    }
  }

  private Stream<Held> left() {
    return byId.values().stream().filter(held -> held.left != null);
  }

  private boolean isSettled(Held held, LeaseTerms terms, Instant now) {
    Left left = requireNonNull(held.left);
    return !nodes.have(held.session.owner(), terms, now)
        && nodes.haveAnswered(left.roll, left.node, terms, now);
  }

  @Override
  public void forget(String node, Set<String> owners) {
    synchronized (lock) {
      nodes.forget(node, owners);
    }
  }

  @Override
  public void leave(String node) {
    synchronized (lock) {
      nodes.leave(node);
    }
  }

  @Override
  public Swept sweep(LeaseTerms terms, int atMost, SessionEvents events) {
    synchronized (lock) {
      Instant now = clock.instant();
      byId.values().forEach(held -> held.notAheadOf(now));
      nodes.notAheadOf(now);
      long held = byId.size();
      if (!nodes.mayExpire(terms, now)) {
        return Swept.nothing(held);
      }
      nodes.sweep(terms, now);
      lost.sweep(now);
      List<Held> stale =
          byId.values().stream()
              .filter(each -> NodeBook.isStale(each.touchedAt, terms, now))
              .toList();
      if (isWithheld(stale.size(), held, terms, now)) {
        return new Swept(List.of(), stale.size(), held);
      }
      List<Held> gone = stale.stream().limit(atMost).toList();
      gone.forEach(each -> lost.note(each.session, ReleaseReason.EXPIRED, now));
      return new Swept(endAll(gone), 0, held);
    }
  }

  private boolean isWithheld(long stale, long held, LeaseTerms terms, Instant now) {
    if (!MassExpiry.isSuspicious(stale, held)) {
      massSince = null;
      return false;
    }
    if (massSince == null || massSince.isAfter(now)) {
      massSince = now;
    }
    return Duration.between(massSince, now).compareTo(terms.outage()) < 0;
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
      return Optional.ofNullable(exclusive.get(resource)).map(held -> held.session);
    }
  }

  @Override
  public List<Session> list(SessionQuery query) {
    synchronized (lock) {
      return byId.values().stream()
          .map(held -> held.session)
          .filter(
              session -> query.resource().filter(is -> !is.equals(session.resource())).isEmpty())
          .filter(session -> query.owner().filter(is -> !is.equals(session.owner())).isEmpty())
          .filter(session -> query.user().filter(is -> !is.equals(session.user())).isEmpty())
          .filter(session -> query.after().filter(is -> is.compareTo(session.id()) >= 0).isEmpty())
          .sorted(Comparator.comparing(Session::id))
          .limit(query.atMost())
          .toList();
    }
  }

  @Override
  public long count() {
    synchronized (lock) {
      return byId.size();
    }
  }

  private List<Session> endAll(Collection<Held> all) {
    return all.stream().map(this::end).toList();
  }

  private Session end(Held held) {
    Session session = held.session;
    byId.remove(session.id());
    exclusive.remove(session.resource(), held);
    byOwner.computeIfPresent(
        session.owner(),
        (name, all) -> {
          all.remove(held);
          return all.isEmpty() ? null : all;
        });
    return session;
  }

  /** The owner left that node; the others are asked. */
  private record Left(long roll, String node) {}

  private static final class Held {

    private final Session session;
    private Instant touchedAt;
    private @Nullable Left left;

    Held(Session session, Instant touchedAt) {
      this.session = session;
      this.touchedAt = touchedAt;
    }

    void touch(Instant now) {
      touchedAt = now;
      left = null;
    }

    void notAheadOf(Instant now) {
      if (touchedAt.isAfter(now)) {
        touchedAt = now;
      }
    }
  }
}
