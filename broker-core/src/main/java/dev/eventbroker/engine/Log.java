package dev.eventbroker.engine;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Revocation;
import dev.eventbroker.TopicFilter;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded ring of entries in one total order: queue, history and replay buffer at once.
 *
 * <p>Appending takes a short lock among publishers and never waits for a reader: it overwrites what
 * is oldest. Readers take no lock. An entry carries its own sequence, so a reader that finds
 * another entry, or none, in the slot it looks at knows that the log has moved past it.
 */
final class Log {

  private final ReplayEffort effort;
  private final int capacity;
  private final long maxBytes;
  private final int mask;
  private final AtomicReferenceArray<@Nullable Entry> ring;

  private final Strands strands = new Strands();
  private final IdempotencyKeys keys = new IdempotencyKeys(); // guarded by lock

  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock; the place is that of the newest entry that has an id.
  private EventId place;
  private long floorPosition;
  private long epochStart;
  private long bytes;
  private long appendedMillis = Long.MIN_VALUE;
  private final Revocations revocations = new Revocations();

  // Written under lock, read by everybody.
  private volatile long head = 1;
  private volatile long tail = 1;
  private volatile long appendedBytes;

  Log(int capacity, long maxBytes, EventId begin) {
    this(capacity, maxBytes, begin, ReplayEffort.DEFAULT);
  }

  Log(int capacity, long maxBytes, EventId begin, ReplayEffort effort) {
    this.effort = effort;
    this.capacity = capacity;
    this.maxBytes = maxBytes;
    int slots = Integer.highestOneBit(capacity);
    if (slots < capacity) {
      slots <<= 1;
    }
    this.mask = slots - 1;
    this.ring = new AtomicReferenceArray<>(slots);
    this.place = begin;
    this.floorPosition = begin.position();
    this.epochStart = tail;
  }

  /**
   * Appends a message with the next position; the result is its id, or that of the event in the log
   * that has the same idempotency key.
   */
  EventId append(Message message, Instant time) {
    return appendOnce(message, time).id();
  }

  /** {@link #append(Message, Instant)}, and whether it was new. */
  Appended appendOnce(Message message, Instant time) {
    lock.lock();
    try {
      EventId known = keys.known(message);
      if (known != null) {
        return new Appended(known, false);
      }
      EventId id = next();
      add(id, message, time);
      keys.add(message, id);
      return new Appended(id, true);
    } finally {
      lock.unlock();
    }
  }

  /** Appends an event that has no id. */
  void appendLocal(Event event, Instant time) {
    lock.lock();
    try {
      addEvent(place, false, event, time);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Appends a message whose id was given elsewhere.
   *
   * @throws IllegalArgumentException if it is not the next position of this epoch
   */
  void append(EventId id, Message message, Instant time) {
    lock.lock();
    try {
      EventId next = next(); // kept rather than the other one: its epoch is everybody's same text
      if (!id.equals(next)) {
        throw new IllegalArgumentException("id: " + id + " (expected: " + next + ")");
      }
      add(next, message, time);
    } finally {
      lock.unlock();
    }
  }

  private EventId next() {
    return new EventId(place.epoch(), place.position() + 1);
  }

  private void add(EventId id, Message message, Instant time) {
    EventId before = place;
    place = id;
    if (message instanceof Event event) {
      addEvent(id, true, event, time);
    } else if (message instanceof Revocation revocation) {
      addControl(new Entry.OfRevocation(tail, id, revocation));
    } else if (message instanceof Interruption broken) {
      Gap gap = new Gap(Gap.Reason.SOURCE, Optional.of(before), id, broken.scope());
      addControl(new Entry.OfGap(tail, gap, true));
    }
  }

  /** Says, in order, that something may be missing on these topics. */
  void appendGap(Gap.Reason reason, TopicFilter scope) {
    lock.lock();
    try {
      Gap gap = new Gap(reason, Optional.of(place), place, scope);
      addControl(new Entry.OfGap(tail, gap, false));
    } finally {
      lock.unlock();
    }
  }

  /** Starts after that place: for a log that nobody has had to do with yet. */
  void begin(EventId begin) {
    lock.lock();
    try {
      moveTo(begin);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Goes on after another place, and tells everybody so: what was kept before cannot be resumed
   * from.
   */
  void restart(EventId begin) {
    lock.lock();
    try {
      EventId before = place;
      boolean sameEpoch = begin.epoch().equals(before.epoch());
      if (sameEpoch && begin.position() < before.position()) {
        // Positions that come twice would be taken for what subscribers have had already.
        throw new IllegalArgumentException(
            "begin: " + begin + " (expected: another epoch, or from " + before + ")");
      }
      Gap.Reason reason = sameEpoch ? Gap.Reason.SOURCE : Gap.Reason.EPOCH;
      moveTo(begin);
      Gap gap = new Gap(reason, Optional.of(before), begin, TopicFilter.ALL);
      addControl(new Entry.OfGap(tail, gap, false));
    } finally {
      lock.unlock();
    }
  }

  private void moveTo(EventId begin) {
    place = begin;
    floorPosition = begin.position();
    epochStart = tail;
  }

  /** The entry at that sequence, or null if the log has moved past it or has not got there. */
  @Nullable Entry get(long sequence) {
    Entry entry = ring.getAcquire((int) sequence & mask);
    return entry != null && entry.sequence == sequence ? entry : null;
  }

  /** How much a replay of it does to find what matches. */
  ReplayEffort effort() {
    return effort;
  }

  /** The sequence that the next entry will have. */
  long tail() {
    return tail;
  }

  /** The oldest sequence that is kept; the tail if there is none. */
  long head() {
    return head;
  }

  /** How many idempotency keys are known. */
  int keys() {
    lock.lock();
    try {
      return keys.size();
    } finally {
      lock.unlock();
    }
  }

  /** Its entries sorted by topic. */
  Strands strands() {
    return strands;
  }

  /** How many bytes are kept, estimated. */
  long bytes() {
    lock.lock();
    try {
      return bytes + strands.bytes();
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes were ever appended, estimated; see {@link Entry#bytesUpTo}. */
  long appendedBytes() {
    return appendedBytes;
  }

  /** The place of the newest event that has an id. */
  EventId cursor() {
    return now().cursor();
  }

  /** Where somebody starts who wants what comes from now on. */
  Place now() {
    lock.lock();
    try {
      return new Place(tail, place, tail, Optional.empty());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Where somebody goes on who has seen everything up to that id, or now, with the reason why not
   * there.
   *
   * @param otherNodes whether another node may have got further than this one, so that an id may be
   *     ahead of this log
   */
  Place after(EventId id, boolean otherNodes) {
    lock.lock();
    try {
      long ahead = id.position() - place.position();
      if (!id.epoch().equals(place.epoch()) || (ahead > 0 && !(otherNodes && ahead <= capacity))) {
        return missed(Gap.Reason.EPOCH);
      }
      if (ahead > 0) {
        return new Place(tail, id, tail, Optional.empty());
      }
      if (id.position() < floorPosition) {
        return missed(Gap.Reason.EXPIRED);
      }
      return new Place(firstAfter(id.position()), id, tail, Optional.empty());
    } finally {
      lock.unlock();
    }
  }

  /**
   * The first sequence that a decision made as of that place can't have known of; empty if the log
   * does not reach back to it.
   */
  OptionalLong sequenceAfter(EventId asOf) {
    lock.lock();
    try {
      if (!asOf.epoch().equals(place.epoch()) || asOf.position() < floorPosition) {
        return OptionalLong.empty();
      }
      boolean ahead = asOf.position() > place.position();
      return OptionalLong.of(ahead ? tail : firstAfter(asOf.position()));
    } finally {
      lock.unlock();
    }
  }

  /** All revocations from that sequence on; empty if not all of them are known any more. */
  Optional<List<Entry.OfRevocation>> revocations(long since) {
    lock.lock();
    try {
      return revocations.since(since);
    } finally {
      lock.unlock();
    }
  }

  /** Those of one principal. */
  Optional<List<Entry.OfRevocation>> revocations(long since, String principal) {
    lock.lock();
    try {
      return revocations.since(since, principal);
    } finally {
      lock.unlock();
    }
  }

  private Place missed(Gap.Reason reason) {
    return new Place(tail, place, tail, Optional.of(reason));
  }

  /**
   * Binary search, for positions never fall within an epoch; under lock, so nothing moves
   * meanwhile.
   */
  private long firstAfter(long seen) {
    long low = Math.max(head, epochStart);
    long high = tail;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (at(middle).place.position() < seen) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    boolean isItself = low < tail && at(low).placed && at(low).place.position() == seen;
    return isItself ? low + 1 : low;
  }

  private Entry at(long sequence) {
    Entry entry = get(sequence);
    if (entry == null) {
      throw new AssertionError(
          "sequence: " + sequence + " (expected: " + head + " to " + tail + ")");
    }
    return entry;
  }

  private void addEvent(EventId at, boolean placed, Event event, Instant time) {
    appendedMillis = Math.max(appendedMillis, time.toEpochMilli());
    strands.add(event.topic(), tail);
    add(new Entry.OfEvent(tail, at, placed, event, time));
  }

  private void addControl(Entry entry) {
    strands.control().add(tail);
    add(entry);
  }

  private void add(Entry entry) {
    long next = tail;
    bytes += entry.bytes();
    while (head < next && (next - head >= capacity || bytes + strands.bytes() > maxBytes)) {
      evictOldest();
    }
    stamp(entry);
    ring.setRelease((int) next & mask, entry);
    tail = next + 1;
  }

  private void stamp(Entry entry) {
    if (entry instanceof Entry.OfRevocation revocation) {
      revocations.add(revocation, head);
    }
    entry.appendedMillis = appendedMillis;
    entry.bytesUpTo = appendedBytes + entry.bytes();
    appendedBytes = entry.bytesUpTo;
  }

  private void evictOldest() {
    Entry oldest = at(head);
    ring.setRelease((int) oldest.sequence & mask, null);
    bytes -= oldest.bytes();
    // Before it leaves its strand: who does not find it there has to find out that it is gone.
    head = oldest.sequence + 1;
    forget(oldest);
    if (oldest.sequence >= epochStart) {
      // Who resumes right at a gap that is no longer kept would not be told of it, so it can't
      // resume there, whatever else of that position goes later.
      boolean told = oldest.placed || oldest instanceof Entry.OfEvent;
      long usable = told ? oldest.place.position() : oldest.place.position() + 1;
      floorPosition = Math.max(floorPosition, usable);
    }
  }

  private void forget(Entry oldest) {
    if (oldest instanceof Entry.OfEvent event) {
      keys.remove(event);
      strands.removeOldest(event.event.topic());
    } else {
      strands.control().removeOldest();
    }
  }

  /**
   * What became of a message.
   *
   * @param id where it stands
   * @param isNew whether it was not there before
   */
  record Appended(EventId id, boolean isNew) {}

  /**
   * Where a run starts.
   *
   * @param next the first sequence to read
   * @param cursor everything up to here is settled
   * @param tail the log's tail at that moment
   * @param missed why the run could not start where it was asked to
   */
  record Place(long next, EventId cursor, long tail, Optional<Gap.Reason> missed) {}
}
