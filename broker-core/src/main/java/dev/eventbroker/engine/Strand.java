package dev.eventbroker.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * The log's sequences of one kind, such as those of one topic, in order: they are numbered by
 * ordinals that rise without holes, so that a place among them is found by halving and then walked
 * from.
 *
 * <p>Written under the log's lock; read by everybody without one. It holds numbers and no entries,
 * so whoever keeps a strand keeps nothing that the log has let go. Its array grows and shrinks with
 * what is in it.
 */
final class Strand {

  /** Most topics of a log that has many have one event or two. */
  private static final int MIN_SLOTS = 2;

  /** An array that is filled less than that is halved; far enough from a half to not swing. */
  private static final int SPARSE = 4;

  /** Not a sequence: what was asked for is not kept any more. */
  static final long GONE = -1;

  private static final VarHandle FIRST;
  private static final VarHandle END;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      FIRST = lookup.findVarHandle(Strand.class, "first", long.class);
      END = lookup.findVarHandle(Strand.class, "end", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A power of two long; one that was replaced is not written to any more. */
  private volatile AtomicLongArray slots = new AtomicLongArray(MIN_SLOTS);

  /** Released before the slot of what is gone is used again, so a reader looks at it last. */
  private long first;

  /** Released after the slot of what is new is written, so a reader looks at it first. */
  private long end;

  // ---- Under the log's lock

  void add(long sequence) {
    if (end - first == slots.length()) {
      resize(2 * slots.length());
    }
    slots.setRelease(slot(slots, end), sequence);
    END.setRelease(this, end + 1);
  }

  void removeOldest() {
    FIRST.setRelease(this, first + 1);
    if (slots.length() > MIN_SLOTS && end - first < slots.length() / SPARSE) {
      resize(slots.length() / 2);
    }
  }

  /** This without its oldest sequence; null if that was the last. */
  @Nullable Strand withoutOldest() {
    removeOldest();
    return isEmpty() ? null : this;
  }

  boolean isEmpty() {
    return first == end;
  }

  private void resize(int length) {
    AtomicLongArray other = new AtomicLongArray(length);
    for (long ordinal = first; ordinal < end; ordinal++) {
      other.setPlain(slot(other, ordinal), slots.getPlain(slot(slots, ordinal)));
    }
    slots = other;
  }

  // ---- Any thread

  /**
   * The ordinal of the first sequence that is not lower than that one; the end if there is none. If
   * meanwhile such sequences go, it is that of one of those after them.
   */
  long ordinalFrom(long sequence) {
    long low = (long) FIRST.getAcquire(this);
    long high = end();
    while (low < high) {
      long middle = (low + high) >>> 1;
      // What is gone is lower than whatever is not, so the search goes on above it.
      if (at(middle) < sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The ordinal that the next sequence will have. */
  long end() {
    return (long) END.getAcquire(this);
  }

  /** The sequence of an ordinal below the end, or {@link #GONE}. */
  long at(long ordinal) {
    AtomicLongArray current = slots;
    long sequence = current.getAcquire(slot(current, ordinal));
    return (long) FIRST.getAcquire(this) <= ordinal ? sequence : GONE;
  }

  /** How many sequences there is room for. */
  int room() {
    return slots.length();
  }

  private static int slot(AtomicLongArray slots, long ordinal) {
    return (int) ordinal & (slots.length() - 1);
  }
}
