package dev.eventbroker.testing;

import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Revocation;
import dev.eventbroker.Snapshot;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What went into a log, in the log's order, written down by whoever published it: what a {@link
 * HistoryChecker} holds the records of subscribers against. Of one epoch. Each event must be an
 * object of its own, for that is how a delivery is found here. Safe on any thread.
 */
public final class PublishedHistory {

  /**
   * One entry of the log.
   *
   * @param position its own position, or that of the last entry before it that has one
   * @param placed whether the position is its own
   * @param what an {@link Event}, a {@link Gap} or a {@link Revocation}
   */
  public record Entry(long position, boolean placed, Object what) {}

  private final String epoch;
  private final List<Entry> entries = new ArrayList<>();
  private final IdentityHashMap<Object, Integer> indexOfEvent = new IdentityHashMap<>();
  private final Map<Long, Integer> indexOfPosition = new HashMap<>();
  private final List<Integer> revocations = new CopyOnWriteArrayList<>();
  private long position;

  /** Of a log that begins after that place. */
  public PublishedHistory(EventId begin) {
    this.epoch = begin.epoch();
    this.position = begin.position();
  }

  /** A message got that id, which must be the next one. */
  public synchronized void placed(EventId id, Message message) {
    if (!id.equals(new EventId(epoch, position + 1))) {
      throw new AssertionError("id: " + id + " (expected: " + epoch + "." + (position + 1) + ")");
    }
    Object what = message;
    if (message instanceof Interruption broken) {
      what = new Gap(Gap.Reason.SOURCE, Optional.of(cursor()), id, broken.scope());
    }
    position++;
    indexOfPosition.put(position, entries.size());
    if (message instanceof Revocation) {
      revocations.add(entries.size());
    }
    add(new Entry(position, true, what));
  }

  /** An event was published on this node only. */
  public synchronized void local(Event event) {
    add(new Entry(position, false, event));
  }

  /** A source said that it may have missed something. */
  public synchronized void sourceGap(TopicFilter scope) {
    Gap gap = new Gap(Gap.Reason.SOURCE, Optional.of(cursor()), cursor(), scope);
    add(new Entry(position, false, gap));
  }

  private void add(Entry entry) {
    if (entry.what() instanceof Event && indexOfEvent.put(entry.what(), entries.size()) != null) {
      throw new AssertionError("published twice: " + entry);
    }
    entries.add(entry);
  }

  /** The place of the newest entry that has one. */
  public synchronized EventId cursor() {
    return new EventId(epoch, position);
  }

  /** How many entries there are. */
  public synchronized int size() {
    return entries.size();
  }

  /** The entry at that index. */
  public synchronized Entry entry(int index) {
    return entries.get(index);
  }

  /** The index of a delivered event; -1 if it was not published. */
  public synchronized int indexOf(Delivery delivery) {
    return indexOfEvent.getOrDefault(delivery.event(), -1);
  }

  /** The index of the entry right after the one that has that position. */
  public synchronized int indexAfter(long placed) {
    Integer index = indexOfPosition.get(placed);
    return index == null ? 0 : index + 1;
  }

  /** The indexes of all revocations. */
  List<Integer> revocations() {
    return revocations;
  }

  /** The index of a gap that is an entry of the log, from that index on; -1 if there is none. */
  public synchronized int indexOfGap(Gap gap, int from) {
    for (int i = from; i < entries.size(); i++) {
      if (gap.equals(entries.get(i).what())) {
        return i;
      }
    }
    return -1;
  }

  /**
   * A snapshot that contains every event below that index, and says so; the checker reads it off
   * its data.
   */
  public Snapshot snapshotOf(int below) {
    return Snapshot.of("state", Integer.toString(below))
        .including(
            delivery -> {
              int index = indexOf(delivery);
              return index >= 0 && index < below;
            });
  }

  /** A snapshot without a test for what it contains. */
  public static Snapshot snapshot() {
    return Snapshot.of("state", "0");
  }
}
