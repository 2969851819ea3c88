package dev.eventbroker.testing;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.HistoryRecorder.Told;
import dev.eventbroker.testing.PublishedHistory.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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

  /** What the run is waiting for; a history that skips one of these steps is wrong. */
  private enum Phase {
    BEGIN,
    SNAPSHOT,
    START,
    RUNNING,
    OVER
  }

  private final PublishedHistory published;
  private final String principal;
  private final List<TopicFilter> filters;
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

  /** For a subscription that was asked for so. */
  public HistoryChecker(PublishedHistory published, SubscribeRequest request) {
    this.published = published;
    this.principal = request.principal();
    this.filters = request.filters();
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
    } else if (told instanceof Told.End) {
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
    if (!withSnapshot || (phase != Phase.BEGIN && phase != Phase.SNAPSHOT)) {
      wrong("a snapshot in phase " + phase);
    }
    if (phase == Phase.BEGIN) {
      if (askedAnything) {
        wrong("a snapshot though the run was resumed");
      }
      arm(cursor);
    }
    requirePlace("the snapshot's cursor", cursor);
    included = Integer.parseInt(snapshot.data());
    phase = Phase.START;
  }

  private void start(EventId cursor) {
    if (phase == Phase.BEGIN) {
      startWithoutSnapshot(cursor);
    } else if (phase != Phase.START) {
      wrong("start in phase " + phase);
    }
    requirePlace("the start's cursor", cursor);
    phase = Phase.RUNNING;
  }

  private void startWithoutSnapshot(EventId cursor) {
    if (askedAnything) {
      if (!asked.equals(Optional.of(cursor))) {
        wrong("resumed at " + cursor + " (expected: " + asked + ", or a gap)");
      }
      place = Optional.of(cursor);
      next = published.indexAfter(cursor.position());
      firstLocal = armedIndex;
      return;
    }
    if (withSnapshot) {
      wrong("started without its snapshot");
    }
    arm(cursor);
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
    if (!isDue(index)) {
      wrong("not for this one: " + describe(index));
    }
    pass(index);
  }

  private void gap(Gap gap) {
    switch (gap.reason()) {
      case EPOCH, EXPIRED -> gapAtTheBeginning(gap);
      case SLOW -> overtaken(gap);
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

  /** Whole up to {@code from}, and on from {@code to}, which is now. */
  private void overtaken(Gap gap) {
    if (phase == Phase.BEGIN) {
      // Overtaken while its first snapshot was loading: the run begins at the gap instead.
      arm(gap.from().orElse(armedTo));
    }
    EventId from = gap.from().orElse(gap.to());
    if (gap.from().isEmpty() || from.position() > gap.to().position()) {
      wrong("a gap from nowhere: " + gap);
    }
    if (place.isPresent() && from.position() < place.get().position()) {
      wrong("a gap from before " + place.get() + ": " + gap);
    }
    requireResumableFrom("the gap's from", from);
    int now = capacity == Integer.MAX_VALUE ? 0 : published.size();
    if (now > 0) {
      requireEvicted(next, now, gap);
    }
    place = Optional.of(gap.to());
    next = Math.max(published.indexAfter(gap.to().position()), now);
    firstLocal = now;
    included = 0;
    phase = withSnapshot ? Phase.SNAPSHOT : Phase.RUNNING;
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
    if (!isDue(index)) {
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
      if (!resumedFrom && isDue(i)) {
        wrong(what + ", " + cursor + ", is past " + describe(i));
      }
    }
  }

  // ---- The walk

  private void arm(EventId at) {
    if (at.position() < armedFrom.position() || at.position() > armedTo.position()) {
      wrong("armed at " + at + " (expected: " + armedFrom + " to " + armedTo + ")");
    }
    place = Optional.of(at);
    next = Math.max(published.indexAfter(at.position()), armedIndex);
    firstLocal = armedIndex;
  }

  private void pass(int index) {
    requireNothingLeftOut(index, "before " + describe(index));
    next = index + 1;
    place = Optional.of(new EventId(armedTo.epoch(), published.entry(index).position()));
  }

  private void requireNothingLeftOut(int end, String where) {
    for (int i = next; i < end; i++) {
      if (isDue(i)) {
        wrong("left out " + where + ": " + describe(i));
      }
    }
  }

  /** Whether the run, on its way past that entry, must tell it. */
  private boolean isDue(int index) {
    Entry entry = published.entry(index);
    if (entry.what() instanceof Event event) {
      return asksFor(event)
          && event.audience().includes(principal)
          && index >= (entry.placed() ? included : firstLocal);
    }
    return entry.what() instanceof Gap gap
        && filters.stream().anyMatch(filter -> TopicPatterns.overlap(filter, gap.scope()));
  }

  private boolean asksFor(Event event) {
    return filters.stream().anyMatch(filter -> TopicPatterns.covers(filter, event.topic()));
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
