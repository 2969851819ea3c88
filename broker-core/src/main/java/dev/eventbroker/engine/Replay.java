package dev.eventbroker.engine;

import dev.eventbroker.EventId;
import dev.eventbroker.TopicFilter;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Reads what some filters match from one place of the log to another, in order, at a cost of what
 * matches: it merges the strands of the topics that are asked for, and looks at no other entry.
 * Gaps and revocations always match, for whoever reads decides what they mean to it.
 *
 * <p>Where that is no cheaper it looks at every entry instead: over short distances, and where the
 * filters lead to so many topics that most entries would be read anyway. So the worst case is one
 * look at each entry, whatever the filters are.
 *
 * <p>Takes no lock, and may race with appends and evictions: what it hands out is the exact run, or
 * it says that it {@linkplain #isOvertaken was overtaken}. It keeps places and no entries. Owned by
 * one thread.
 */
final class Replay {

  private final Log log;
  private final List<TopicFilter> filters;
  private final long until;
  private final EventId untilPlace;
  private final Steps steps;
  private long position;
  private EventId settled;
  private boolean overtaken;

  private Replay(
      Log log, List<TopicFilter> filters, long from, EventId settled, long until, EventId place) {
    this.log = log;
    this.filters = filters;
    this.position = from;
    this.settled = settled;
    this.until = until;
    this.untilPlace = place;
    this.steps = steps(log, filters, from, until);
    // Whatever went before this line may have gone before its strand was looked for.
    this.overtaken = from < until && log.head() > from;
  }

  /**
   * Starts a reading.
   *
   * @param from the first sequence to read
   * @param settled the place before it
   * @param until the first sequence not to read; at most the log's tail
   * @param place the place before that one
   */
  static Replay of(
      Log log, List<TopicFilter> filters, long from, EventId settled, long until, EventId place) {
    return new Replay(log, filters, from, settled, until, place);
  }

  private static Steps steps(Log log, List<TopicFilter> filters, long from, long until) {
    long distance = until - from;
    if (distance <= log.effort().scanned()) {
      return new Scan(log, filters);
    }
    Set<Strand> strands = new HashSet<>();
    strands.add(log.strands().control());
    for (TopicFilter filter : filters) {
      long atMost = filter.isExact() ? Long.MAX_VALUE : distance / log.effort().searchedPart();
      if (!log.strands().find(filter, atMost, strands::add)) {
        return new Scan(log, filters);
      }
    }
    return new Merge(strands, from, until);
  }

  /**
   * Whether it has more to read for just these filters from that sequence on, and none of it at or
   * after that end.
   */
  boolean goesOn(List<TopicFilter> wanted, long from, long end) {
    return filters == wanted && position == from && until <= end && !isOver();
  }

  /**
   * Hands out what matches until the taker refuses an entry, which is then the next one again, or
   * there is no more, or there was enough work for one turn.
   *
   * @param atMost how many entries to look at
   */
  void read(int atMost, Predicate<Entry> taker) {
    for (int i = 0; i < atMost && !isOver() && !overtaken; i++) {
      long next = steps.next(position);
      if (next >= until) {
        position = until;
        settled = untilPlace;
        return;
      }
      Entry entry = next < 0 ? null : log.get(next);
      if (entry == null) {
        overtaken = true;
        return;
      }
      position = next;
      if (steps.matches(entry) && !taker.test(entry)) {
        return;
      }
      steps.advance();
      position = next + 1;
      settled = entry.place;
    }
  }

  /** Everything before this sequence was handed out or does not match. */
  long position() {
    return position;
  }

  /** The place up to which everything was handed out, or one before it. */
  EventId settled() {
    return settled;
  }

  /** Whether everything was handed out. */
  boolean isOver() {
    return position >= until;
  }

  /** Whether the log has moved past {@link #position}: something that matches may be lost. */
  boolean isOvertaken() {
    return overtaken;
  }

  /** How the next entry to look at is found. */
  private interface Steps {

    /** Its sequence, not below the position; or none before the end, or {@link Strand#GONE}. */
    long next(long position);

    boolean matches(Entry entry);

    /** It was looked at. */
    void advance();
  }

  /** Looks at every entry. */
  private record Scan(Log log, List<TopicFilter> filters) implements Steps {

    @Override
    public long next(long position) {
      return position;
    }

    @Override
    public boolean matches(Entry entry) {
      return !(entry instanceof Entry.OfEvent event) || isAskedFor(event);
    }

    private boolean isAskedFor(Entry.OfEvent event) {
      for (TopicFilter filter : filters) {
        if (filter.matches(event.event.topic())) {
          return true;
        }
      }
      return false;
    }

    @Override
    public void advance() {
      // the position says it all
    }
  }

  /** Looks at the entries of some strands. */
  private static final class Merge implements Steps {

    private final Queue<Reader> readers =
        new PriorityQueue<>(Comparator.comparingLong(reader -> reader.sequence));

    Merge(Set<Strand> strands, long from, long until) {
      for (Strand strand : strands) {
        Reader reader = new Reader(strand, strand.ordinalFrom(from), strand.ordinalFrom(until));
        if (reader.hasNext()) {
          readers.add(reader);
        }
      }
    }

    @Override
    public long next(long position) {
      Reader first = readers.peek();
      return first == null ? Long.MAX_VALUE : first.sequence;
    }

    @Override
    public boolean matches(Entry entry) {
      return true;
    }

    /** What is gone comes first, so that nothing after it is handed out. */
    @Override
    public void advance() {
      Reader first = readers.remove();
      first.ordinal++;
      if (first.hasNext()) {
        readers.add(first);
      }
    }
  }

  /** A place in a strand. */
  private static final class Reader {

    private final Strand strand;
    private final long end;
    long ordinal;
    long sequence;

    Reader(Strand strand, long ordinal, long end) {
      this.strand = strand;
      this.ordinal = ordinal;
      this.end = end;
    }

    boolean hasNext() {
      if (ordinal >= end) {
        return false;
      }
      sequence = strand.at(ordinal);
      return true;
    }
  }
}
