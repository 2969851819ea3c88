package dev.eventbroker.testing;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Revocation;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.HistoryRecorder.Told;
import dev.eventbroker.testing.HistoryRights.Due;
import dev.eventbroker.testing.PublishedHistory.Entry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Holds what one subscription was told against what was published: a contiguous run of what it may
 * see, in order, or a gap that says where it was broken. Knows the promise and nothing of the
 * machinery; filters are matched by a few lines of its own.
 *
 * <p>It walks through the published entries. {@link #next} is the first one that the run has not
 * passed; whatever is told has to be further on, and nothing that was due may be left out on the
 * way.
 */
public final class HistoryChecker {

  private static final Object NO_KEY = "none";

  /** What the run is waiting for; a history that skips one of these steps is wrong. */
  private enum Phase {
    BEGIN,
    SNAPSHOT,
    START,
    RUNNING,
    OVER
  }

  private final PublishedHistory published;
  private final SubscribeRequest request;
  private final HistoryRights rights;
  private final Optional<EventId> asked;
  private final boolean askedAnything;
  private final boolean withSnapshot;
  private final List<String> violations = new ArrayList<>();

  private EventId armedFrom;
  private EventId armedTo;
  private int armedIndex;
  private int capacity = Integer.MAX_VALUE;

  private Phase phase = Phase.BEGIN;
  private Optional<EventId> place = Optional.empty();
  private int next;
  private int firstLocal;
  private int included;
  private int delivered;
  private boolean pendingBatch;

  /** By revocation: the first event that it hid, until it is told. */
  private final Map<Integer, Integer> hidden = new HashMap<>();

  /** By topic and key: the last event that was left out for a later one. */
  private final Map<Object, Integer> owed = new HashMap<>();

  /** Below this, entries without a place may be on either side of a gap. */
  private int uncertain;

  /** Revocations from before its start that it has not been told. */
  private final List<Integer> untold = new ArrayList<>();

  /** For a subscription that was asked for so. */
  public HistoryChecker(PublishedHistory published, SubscribeRequest request) {
    this.published = published;
    this.request = request;
    this.rights = new HistoryRights(published, request.principal());
    this.asked = request.lastEventId().flatMap(EventId::parse);
    this.askedAnything = request.lastEventId().isPresent();
    this.withSnapshot = request.snapshot().isPresent();
    this.armedFrom = published.cursor();
    this.armedTo = armedFrom;
  }

  /** Between these two places of the broker's cursor it was subscribed; before anything is told. */
  public void armedBetween(EventId from, EventId to) {
    armedFrom = from;
    armedTo = to;
  }

  /**
   * For histories of one thread, where what was published is written down before anybody else has
   * his turn: the checker then also knows where a run starts among entries without a place, and
   * whether a log of that many entries had a reason to tell a gap.
   */
  public void exactly(int logEntries) {
    armedIndex = published.size();
    capacity = logEntries;
    int since =
        request.asOf().map(asOf -> published.indexAfter(asOf.position())).orElse(armedIndex);
    rights.grant(request.filters(), since, 0);
  }

  /** In histories of one thread: it asks for more since now, by a decision as of then. */
  public void widened(List<TopicFilter> more, Optional<EventId> asOf) {
    int now = published.size();
    int since = asOf.map(id -> published.indexAfter(id.position())).orElse(now);
    rights.grant(more, since, now);
  }

  /** In histories of one thread: its lane has read everything that was published below that. */
  public void laneHasRead(int below) {
    rights.readBelow(below);
  }

  /** The next call that the subscriber got. */
  public void told(Told told) {
    if (phase == Phase.OVER) {
      wrong("after the end: " + told);
      return;
    }
    if (told instanceof Told.State state) {
      state(state.snapshot(), state.cursor());
    } else if (told instanceof Told.Start start) {
      start(start.cursor());
    } else if (told instanceof Told.Delivered event) {
      event(event);
    } else if (told instanceof Told.Broken broken) {
      gap(broken.gap());
    } else if (told instanceof Told.Impossible impossible) {
      wrong(impossible.what());
    } else if (told instanceof Told.End end) {
      end(end.reason());
      phase = Phase.OVER;
    }
    pendingBatch = !(told instanceof Told.BatchEnd || told instanceof Told.End);
  }

  /** Everything that is wrong so far. */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  /** How many events it was told. */
  public int delivered() {
    return delivered;
  }

  // ---- What is told

  private void state(Snapshot snapshot, EventId cursor) {
    begin(cursor);
    if (phase != Phase.SNAPSHOT) {
      wrong("a snapshot in phase " + phase);
    }
    requirePlace("the snapshot's cursor", cursor);
    if (capacity != Integer.MAX_VALUE && !rights.takenFromTheFirst(published.size()).isEmpty()) {
      wrong("state that was loaded under a right that is gone");
    }
    included = Integer.parseInt(snapshot.data());
    phase = Phase.START;
  }

  private void start(EventId cursor) {
    begin(cursor);
    if (phase != Phase.START) {
      wrong("start in phase " + phase);
    }
    requirePlace("the start's cursor", cursor);
    if (!untold.isEmpty()) {
      wrong("not told what was revoked before: " + untold);
    }
    phase = Phase.RUNNING;
  }

  /** The first thing that it is told says where it starts. */
  private void begin(EventId cursor) {
    if (phase != Phase.BEGIN) {
      return;
    }
    if (!askedAnything) {
      arm(cursor);
      phase = withSnapshot ? Phase.SNAPSHOT : Phase.START;
      return;
    }
    if (!asked.equals(Optional.of(cursor))) {
      wrong("resumed at " + cursor + " (expected: " + asked + ", or a gap)");
    }
    goOn(cursor, published.indexAfter(cursor.position()));
    phase = Phase.START;
  }

  private void event(Told.Delivered told) {
    if (phase != Phase.RUNNING) {
      wrong("an event in phase " + phase + ": " + told.delivery());
    }
    delivered++;
    int index = published.indexOf(told.delivery());
    if (index < 0) {
      wrong("never published: " + told.delivery());
      return;
    }
    Entry entry = published.entry(index);
    EventId cursor = new EventId(armedTo.epoch(), entry.position());
    if (!told.delivery().cursor().equals(cursor)
        || !told.delivery().id().equals(entry.placed() ? Optional.of(cursor) : Optional.empty())) {
      wrong("told under another place than " + entry + ": " + told.delivery());
    }
    if (index < next) {
      wrong("out of order or twice: " + describe(index) + ", after " + describe(next - 1));
      return;
    }
    if (due(index) == Due.NO) {
      wrong("not for this one: " + describe(index));
    }
    pass(index);
    owed.computeIfPresent(keyOf(index), (key, last) -> last < index ? null : last);
  }

  private void gap(Gap gap) {
    switch (gap.reason()) {
      case EPOCH, EXPIRED -> gapAtTheBeginning(gap);
      case SLOW -> overtaken(gap);
      case REVOKED -> revoked(gap);
      default -> interrupted(gap);
    }
  }

  private void gapAtTheBeginning(Gap gap) {
    if (phase != Phase.BEGIN || !askedAnything) {
      wrong("a gap that only a resumed run may begin with: " + gap);
    }
    arm(gap.to());
    boolean known = asked.isPresent() && asked.get().epoch().equals(armedTo.epoch());
    if (gap.reason() == Gap.Reason.EXPIRED) {
      int lost = known ? published.indexAfter(asked.get().position()) : Integer.MAX_VALUE;
      requireEvicted(lost, armedIndex, gap);
    } else if (known && asked.get().position() <= armedFrom.position()) {
      wrong("an id of this log was taken for another's: " + gap);
    }
    phase = withSnapshot ? Phase.SNAPSHOT : Phase.START;
  }

  /** Whole up to {@code from}, and on from {@code to}. */
  private void overtaken(Gap gap) {
    EventId from = gap.from().orElse(gap.to());
    begin(from);
    if (gap.from().isEmpty() || from.position() > gap.to().position()) {
      wrong("a gap from nowhere: " + gap);
    }
    boolean revoked =
        published.revocations().stream().anyMatch(at -> at >= next && due(at) != Due.NO);
    if (!revoked && place.isPresent() && from.position() < place.get().position()) {
      wrong("a gap from before " + place.get() + ": " + gap);
    }
    requireResumableFrom("the gap's from", from);
    requireNothingHiddenUpTo(from, hidden.values());
    if (!request.lagPolicy().isBounded()) {
      requireEvicted(next, published.size(), gap);
    }
    hidden.clear();
    owed.clear();
    if (request.lagPolicy().kind() == LagPolicy.Kind.CONFLATE && phase == Phase.RUNNING) {
      int local = firstLocal;
      goOn(gap.to(), Math.max(next, published.indexAfter(gap.to().position())));
      firstLocal = local;
      uncertain = next;
      while (uncertain < published.size() && !published.entry(uncertain).placed()) {
        uncertain++;
      }
      return;
    }
    int now = capacity == Integer.MAX_VALUE ? 0 : published.size();
    goOn(gap.to(), Math.max(published.indexAfter(gap.to().position()), now));
    firstLocal = now;
    included = 0;
    phase = withSnapshot ? Phase.SNAPSHOT : Phase.RUNNING;
  }

  private void end(CloseReason reason) {
    boolean exact = capacity != Integer.MAX_VALUE;
    if (exact
        && reason.equals(CloseReason.REVOKED)
        && rights.takenFromTheFirst(published.size()).isEmpty()) {
      wrong("closed for a revocation that does not concern it");
    }
    if (exact && reason.equals(CloseReason.UNPROVEN) && request.asOf().isEmpty()) {
      wrong("closed for a proof that is too old, though it was given at once");
    }
  }

  private void revoked(Gap gap) {
    if (phase != Phase.RUNNING) {
      begin(gap.to());
      requirePlace("the place of what was revoked before", gap.to());
      Optional<Integer> known =
          untold.stream().filter(at -> revocation(at).scope().equals(gap.scope())).findFirst();
      known.ifPresentOrElse(untold::remove, () -> wrong("nobody revoked that: " + gap));
      return;
    }
    int index = published.indexAfter(gap.to().position()) - 1;
    if (index < next
        || !(published.entry(index).what() instanceof Revocation known)
        || !known.scope().equals(gap.scope())
        || due(index) == Due.NO) {
      wrong("nobody revoked that: " + gap);
      return;
    }
    pass(index);
    Integer first = hidden.remove(index);
    requireNothingHiddenUpTo(
        gap.from().orElse(gap.to()), first == null ? List.of() : List.of(first));
    List<Integer> lost =
        owed.values().stream().filter(last -> last < index && rights.due(last) != Due.YES).toList();
    requireNothingHiddenUpTo(gap.from().orElse(gap.to()), lost);
    owed.values().removeAll(lost);
  }

  private void requireNothingHiddenUpTo(EventId from, Collection<Integer> indexes) {
    for (int index : indexes) {
      if (published.entry(index).placed() && published.entry(index).position() <= from.position()) {
        wrong("a gap that starts at " + from + ", after " + describe(index) + " was hidden");
      }
    }
  }

  private Revocation revocation(int index) {
    return (Revocation) published.entry(index).what();
  }

  private void interrupted(Gap gap) {
    if (phase != Phase.RUNNING) {
      wrong("a gap in phase " + phase + ": " + gap);
    }
    int index = published.indexOfGap(gap, next);
    if (index < 0) {
      wrong("a gap that nobody told: " + gap);
      return;
    }
    if (due(index) == Due.NO) {
      wrong("not for this one: " + describe(index));
    }
    pass(index);
  }

  // ---- What must hold between calls

  /**
   * Its cursor is that place: who resumes from there must lose nothing.
   *
   * @param cursor what {@code Subscription.cursor()} answers, while nothing is told
   */
  public void requireCursor(EventId cursor) {
    if (phase == Phase.RUNNING) {
      requireResumableFrom("its cursor", cursor);
    }
  }

  /** It was told all that there is and told where the batch ends. */
  public void requireComplete() {
    if (phase != Phase.RUNNING) {
      wrong("at rest in phase " + phase);
      return;
    }
    requireNothingLeftOut(published.size(), "at the end");
    owed.forEach((key, last) -> wrong("left out for a later one that never came: " + key));
    requireBatchEnd();
  }

  /** What was told was followed by a batch end. */
  public void requireBatchEnd() {
    if (pendingBatch) {
      wrong("no batch end");
    }
  }

  /** It was told its end. */
  public void requireOver() {
    if (phase != Phase.OVER) {
      wrong("never told its end");
    }
  }

  private void requireResumableFrom(String what, EventId cursor) {
    if (!cursor.epoch().equals(armedTo.epoch())) {
      wrong(what + " is of another epoch: " + cursor);
    }
    for (int i = next; i < published.size(); i++) {
      Entry entry = published.entry(i);
      if (entry.position() > cursor.position()) {
        return;
      }
      boolean resumedFrom =
          entry.what() instanceof Event
              ? !entry.placed()
              : !entry.placed() && entry.position() == cursor.position();
      if (!resumedFrom && due(i) == Due.YES && !isSuperseded(i)) {
        wrong(what + ", " + cursor + ", is past " + describe(i));
      }
    }
  }

  // ---- The walk

  private void arm(EventId at) {
    if (at.position() < armedFrom.position() || at.position() > armedTo.position()) {
      wrong("armed at " + at + " (expected: " + armedFrom + " to " + armedTo + ")");
    }
    goOn(at, Math.max(published.indexAfter(at.position()), armedIndex));
  }

  private void goOn(EventId at, int index) {
    if (phase == Phase.BEGIN) {
      if (capacity == Integer.MAX_VALUE) {
        rights.grant(request.filters(), index, 0);
      }
      firstLocal = armedIndex;
      untold.addAll(rights.takenFromTheFirst(index));
    }
    place = Optional.of(at);
    next = index;
  }

  private void pass(int index) {
    for (int i = next; i < index; i++) {
      Due due = due(i);
      if (due == Due.YES && isSuperseded(i)) {
        owed.put(keyOf(i), i);
      } else if (due == Due.YES) {
        wrong("left out before " + describe(index) + ": " + describe(i));
      } else if (!isBehind(published.entry(i), i) && rights.wasDue(i)) {
        remember(i);
      }
    }
    next = index + 1;
    place = Optional.of(new EventId(armedTo.epoch(), published.entry(index).position()));
  }

  private void remember(int index) {
    if (published.entry(index).what() instanceof Event && index >= uncertain) {
      int at = rights.hiddenBy(index);
      if (at >= 0) {
        hidden.merge(at, index, Math::min);
      }
    }
  }

  private void requireNothingLeftOut(int end, String where) {
    for (int i = next; i < end; i++) {
      if (due(i) == Due.YES && !isSuperseded(i)) {
        wrong("left out " + where + ": " + describe(i));
      }
    }
  }

  /** Whether the run, on its way past that entry, must tell it. */
  private Due due(int index) {
    Entry entry = published.entry(index);
    if (entry.what() instanceof Event && isBehind(entry, index)) {
      return Due.NO;
    }
    Due due = rights.due(index);
    return due == Due.YES && index < uncertain ? Due.MAY : due;
  }

  private boolean isBehind(Entry entry, int index) {
    return entry.placed() ? index < included && rights.isOfTheFirst(index) : index < firstLocal;
  }

  /**
   * Whether a slow subscriber that asked for that need not be told, for the sake of a later one.
   */
  private boolean isSuperseded(int index) {
    return laterOfItsKey(index, i -> due(i) != Due.NO);
  }

  private boolean laterOfItsKey(int index, IntPredicate which) {
    if (request.lagPolicy().kind() != LagPolicy.Kind.CONFLATE || keyOf(index) == NO_KEY) {
      return false;
    }
    for (int i = index + 1; i < published.size(); i++) {
      if (keyOf(i).equals(keyOf(index)) && which.test(i)) {
        return true;
      }
    }
    return false;
  }

  private Object keyOf(int index) {
    return published.entry(index).what() instanceof Event event && event.key().isPresent()
        ? List.of(event.topic(), event.key().get())
        : NO_KEY;
  }

  /** A log that still has what is lost has no reason to say that it is. */
  private void requireEvicted(int firstLost, int size, Gap gap) {
    if (capacity != Integer.MAX_VALUE && firstLost >= size - capacity) {
      wrong("a gap without a reason: " + gap + "; the log still has " + firstLost + " of " + size);
    }
  }

  private void requirePlace(String what, EventId cursor) {
    if (!place.equals(Optional.of(cursor))) {
      wrong(what + " is " + cursor + " (expected: " + place + ")");
    }
  }

  private String describe(int index) {
    return index < 0 ? "the beginning" : "entry " + index + " " + published.entry(index);
  }

  private void wrong(String what) {
    violations.add(what);
  }
}
