package dev.eventbroker.engine;

import dev.eventbroker.Delivery;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a lane has read of the log in one go. Which of its entries are meant is one long, a bit for
 * each: a <em>part</em>. Used again and again; owned by one lane.
 */
final class Batch {

  /** As many as a part has bits. */
  static final int SIZE = Long.SIZE;

  private final Entry[] entries = new Entry[SIZE];
  private int count;
  private long open;

  /**
   * The events of the part that was asked for last, without holes. Who has the same filter has the
   * same part, so this is filled once for all of them.
   */
  private final Delivery[] run = new Delivery[SIZE];

  private long runPart;

  /**
   * Reads on from that sequence, up to that end of the log and as far as there is room.
   *
   * @return how many entries were read; none as well if the log has moved past the first of them
   */
  int read(Log log, long from, long end) {
    clear(); // of what is left if an error came in the midst of the batch before
    long room = Math.min(SIZE, end - from);
    while (count < room) {
      Entry entry = log.get(from + count);
      if (entry == null) {
        return count;
      }
      entries[count++] = entry;
    }
    return count;
  }

  Entry get(int index) {
    return entries[index];
  }

  Entry last() {
    return entries[count - 1];
  }

  int count() {
    return count;
  }

  /** These entries are events without an audience. */
  void open(long part) {
    open |= part;
  }

  /** Whether all of them are events without an audience. */
  boolean isOpen(long part) {
    return (part & ~open) == 0;
  }

  /**
   * The events of a part in their order, from index 0 on.
   *
   * @param part of events only; the result is as it is until another one is asked for
   */
  Delivery[] events(long part) {
    if (part != runPart) {
      int length = 0;
      for (long left = part; left != 0; left &= left - 1) {
        run[length++] = (Entry.OfEvent) entries[Long.numberOfTrailingZeros(left)];
      }
      runPart = part;
    }
    return run;
  }

  /** What is left of a part after its first entries. */
  static long after(long part, int taken) {
    long left = part;
    for (int i = 0; i < taken; i++) {
      left &= left - 1;
    }
    return left;
  }

  /** The oldest event; null if there is none. */
  Entry.@Nullable OfEvent oldestEvent() {
    for (int i = 0; i < count; i++) {
      if (entries[i] instanceof Entry.OfEvent oldest) {
        return oldest;
      }
    }
    return null;
  }

  /** Keeps nothing of what the log may let go. */
  @SuppressWarnings("NullAway") // nobody looks at what is beyond the count, or of another part
  void clear() {
    Arrays.fill(entries, 0, count, null);
    Arrays.fill(run, 0, Long.bitCount(runPart), null);
    count = 0;
    open = 0;
    runPart = 0;
  }
}
