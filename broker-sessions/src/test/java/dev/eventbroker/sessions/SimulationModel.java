package dev.eventbroker.sessions;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What is true, kept so plainly that it is obviously right: who has a tab open where, who holds
 * what, when whom a touch reached. Everything that a store says it did is held against it; what may
 * not be is found by {@link #assertTruth}.
 */
final class SimulationModel {

  private final LeaseTerms terms;
  private final Map<UUID, Live> live = new HashMap<>();
  private final Set<UUID> ended = new HashSet<>();
  private final Map<String, Long> fences = new HashMap<>();
  private final Map<String, Set<UUID>> untold = new HashMap<>();
  private final Set<String> gone = new HashSet<>();
  private final Set<String> doubtful = new HashSet<>();
  private final List<String> events = new ArrayList<>();
  private Optional<String> violation = Optional.empty();
  private Instant lastPulse = Instant.MIN;
  private Instant resumedAt = Instant.MIN;

  SimulationModel(LeaseTerms terms) {
    this.terms = terms;
  }

  /** What the world has to say about an owner. */
  interface Tabs {

    /** Whether it has a tab open on a node that is alive, or closed it less than a grace ago. */
    boolean isSomewhere(String owner);

    /** Whether one of those nodes has touched lately, so that the others know that it is alive. */
    boolean isOnNodeKnownToBeAlive(String owner);

    /** Whether it has been connected for longer than a heartbeat to a node that had no trouble. */
    boolean mustHaveBeenTouched(String owner);
  }

  void began(Session session, Instant now) {
    check(!ended.contains(session.id()) && !live.containsKey(session.id()), "begun twice", session);
    long before = fences.getOrDefault(session.resource(), 0L);
    check(session.fence() > before, "fence not above " + before, session);
    for (Live other : live.values()) {
      boolean same = other.session.resource().equals(session.resource());
      boolean exclusive =
          other.session.mode() == Mode.EXCLUSIVE && session.mode() == Mode.EXCLUSIVE;
      check(!(same && exclusive), "two holders, the other one " + other.session, session);
      boolean twice =
          same
              && other.session.mode() == session.mode()
              && other.session.owner().equals(session.owner());
      check(!twice, "one owner twice", session);
    }
    fences.put(session.resource(), session.fence());
    live.put(session.id(), new Live(session, now));
    events.add(session.id() + " acquired");
  }

  void still(Session session) {
    check(live.containsKey(session.id()), "given again though it has ended", session);
  }

  /** Because of that holder; the fence is that of who was to be taken over, if anybody was. */
  void refused(Session holder, OptionalLong fence) {
    check(live.containsKey(holder.id()), "named as a holder though it has ended", holder);
    check(!isUnder(holder, fence), "kept from who knew its fence", holder);
  }

  /** From that holder; the fence is that of who was to be taken over, if anybody was. */
  void taken(Session holder, OptionalLong fence) {
    check(isUnder(holder, fence), "taken though the fence asked for was " + fence, holder);
  }

  private static boolean isUnder(Session session, OptionalLong fence) {
    return fence.isPresent() && fence.getAsLong() == session.fence();
  }

  void released(Session session, ReleaseReason reason, Instant now, Tabs tabs) {
    check(ended.add(session.id()), "released twice", session);
    @Nullable Live was = live.remove(session.id());
    check(was != null, "released though it never began", session);
    if (was == null) {
      return;
    }
    switch (reason) {
      case EXPIRED -> checkExpired(was, now, tabs);
      case DISCONNECTED -> checkDisconnected(was, tabs);
      default -> {
        // Somebody asked for it.
      }
    }
    events.add(session.id() + " released " + reason.wireName());
    if (reason.endsUnderTheOwner()) {
      events.add(session.id() + " lost " + reason.wireName());
    }
    if (reason.endsBehindTheOwner()) {
      untold.computeIfAbsent(session.owner(), owner -> new HashSet<>()).add(session.id());
    }
  }

  private void checkExpired(Live was, Instant now, Tabs tabs) {
    check(isOver(was.touchedAt, terms.timeout(), now), "expired too early", was.session);
    check(isOver(resumedAt, terms.timeout(), now), "expired after an outage", was.session);
    check(
        !isOver(lastPulse, terms.outage().plusMillis(1), now), "expired in an outage", was.session);
    check(!tabs.mustHaveBeenTouched(was.session.owner()), "expired while connected", was.session);
  }

  private void checkDisconnected(Live was, Tabs tabs) {
    String owner = was.session.owner();
    check(
        gone.contains(owner) || (doubtful.contains(owner) && !tabs.isOnNodeKnownToBeAlive(owner)),
        "released while connected",
        was.session);
  }

  /** A node says that it has not got the owner: that is the moment in which it may be gone. */
  void left(String owner, Tabs tabs) {
    (tabs.isSomewhere(owner) ? doubtful : gone).add(owner);
  }

  void touched(Set<String> owners, List<Touched.Lost> told, Instant now) {
    if (isOver(lastPulse, terms.outage().plusMillis(1), now)) {
      resumedAt = now;
    }
    resumedAt = earlier(resumedAt, now);
    lastPulse = now;
    for (Live each : live.values()) {
      if (owners.contains(each.session.owner())) {
        each.touchedAt = now;
      }
    }
    gone.removeAll(owners);
    doubtful.removeAll(owners);
    for (Touched.Lost lost : told) {
      String owner = lost.session().owner();
      check(owners.contains(owner), "told to somebody else", lost.session());
      check(
          untold.getOrDefault(owner, Set.of()).remove(lost.session().id()),
          "told twice, or of nothing",
          lost.session());
      events.add(lost.session().id() + " lost " + lost.reason().wireName());
    }
  }

  /** Nothing was touched in the future; its clock was set back then. */
  void sweeps(Instant now) {
    live.values().forEach(each -> each.touchedAt = earlier(each.touchedAt, now));
    resumedAt = earlier(resumedAt, now);
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  private static boolean isOver(Instant since, Duration time, Instant now) {
    return !since.plus(time).isAfter(now);
  }

  List<Session> live() {
    return live.values().stream().map(each -> each.session).toList();
  }

  Optional<Session> anyLive(Predicate<Session> which) {
    // In a fixed order: ids are random, and a run must be the same again.
    return live().stream().filter(which).min(java.util.Comparator.comparingLong(Session::fence));
  }

  /** Everything that the events have to say. */
  List<String> events() {
    return events.stream().sorted().toList();
  }

  int untold(String owner) {
    return untold.getOrDefault(owner, Set.of()).size();
  }

  Set<String> owners() {
    Set<String> owners = new TreeSet<>();
    live.values().forEach(each -> owners.add(each.session.owner()));
    return owners;
  }

  /** What may not be is kept, for a worker would log what is thrown and go on. */
  private void check(boolean holds, String what, Session session) {
    if (!holds && violation.isEmpty()) {
      violation = Optional.of(what + ": " + session);
    }
  }

  /** Nothing has happened that may not. */
  void assertTruth() {
    violation.ifPresent(
        what -> {
          throw new AssertionError(what);
        });
  }

  private static final class Live {

    private final Session session;
    private Instant touchedAt;

    Live(Session session, Instant now) {
      this.session = session;
      this.touchedAt = now;
    }
  }
}
