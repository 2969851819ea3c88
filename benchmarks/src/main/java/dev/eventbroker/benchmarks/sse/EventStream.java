package dev.eventbroker.benchmarks.sse;

import java.util.Arrays;

/**
 * What one connection receives after the headers: takes the chunks apart, finds the events and
 * checks that each is whole and the next one. It keeps bytes only of a line that is cut by the end
 * of a read, and allocates nothing otherwise. Lines may end with LF or CR LF; a CR alone, which the
 * standard allows too, no server here sends. Used by one thread.
 */
final class EventStream {

  private static final byte[] NOTHING = {};
  private static final byte[] DATA = {'d', 'a', 't', 'a', ':'};
  private static final byte[] ID = {'i', 'd', ':'};
  private static final byte[] EVENT = {'e', 'v', 'e', 'n', 't', ':'};
  private static final byte[] GAP = {'g', 'a', 'p'};

  /** Of an event with nothing in it yet, of one with data that was never sent, of a gap. */
  private static final long EMPTY = 0;

  private static final long DAMAGED = -1;
  private static final long GAP_EVENT = -2;

  /** How many of the events before the last one are remembered if they were skipped. */
  private static final int REMEMBERED = Long.SIZE;

  private enum Chunk {
    SIZE,
    EXTENSION,
    BYTES,
    END_OF_BYTES,
    /** After the chunk of size 0: what follows is not looked at. */
    OVER
  }

  private final Tally tally;
  private final boolean chunked;
  private Chunk chunk = Chunk.SIZE;
  private int chunkLeft;
  private byte[] carry = NOTHING;
  private int carried;

  /** The event that is being received: its number, or one of the constants above. */
  private long pending = EMPTY;

  /** The newest that came, or -1 - n if none has come since number n was published. */
  private long last;

  /** Bit i is set if the event i + 1 before the last one was skipped. */
  private long skipped;

  private Cursor cursor = Cursor.NONE;

  /**
   * Begins after the headers.
   *
   * @param chunked whether the body comes in chunks; otherwise it goes on until the connection ends
   * @param last the last event before the next one to come, see {@link #afterUnknown}
   */
  EventStream(Tally tally, boolean chunked, long last) {
    this.tally = tally;
    this.chunked = chunked;
    this.last = last;
  }

  /** Where a stream begins of which nobody knows whether it starts before or after this event. */
  static long afterUnknown(long published) {
    return -1 - published;
  }

  /** Has the ids of events remembered, which others may come back with. */
  void remember(Cursor newCursor) {
    cursor = newCursor;
  }

  /** Returns the number of the newest event, 0 if none has come. */
  long last() {
    return Math.max(last, 0);
  }

  /** Returns how many of those that were published are still to come. */
  long owed() {
    return tally.payloads.published() - (last >= 0 ? last : -1 - last);
  }

  /** Returns whether the server has ended the answer. */
  boolean over() {
    return chunk == Chunk.OVER;
  }

  /** Takes what was read at that moment. */
  void feed(byte[] bytes, int from, int to, long nowNanos) {
    if (!chunked) {
      scan(bytes, from, to, nowNanos);
      return;
    }
    int at = from;
    while (at < to && chunk != Chunk.OVER) {
      if (chunk == Chunk.BYTES) {
        int end = Math.min(to, at + chunkLeft);
        scan(bytes, at, end, nowNanos);
        chunkLeft -= end - at;
        at = end;
        chunk = chunkLeft == 0 ? Chunk.END_OF_BYTES : Chunk.BYTES;
      } else {
        between(bytes[at++]);
      }
    }
  }

  private void between(byte next) {
    if (next == '\n') {
      if (chunk == Chunk.END_OF_BYTES) {
        chunk = Chunk.SIZE;
      } else {
        chunk = chunkLeft == 0 ? Chunk.OVER : Chunk.BYTES;
      }
    } else if (next == ';') {
      chunk = Chunk.EXTENSION;
    } else if (chunk == Chunk.SIZE && next != '\r') {
      chunkLeft = chunkLeft * 16 + Character.digit(next, 16);
    }
  }

  private void scan(byte[] bytes, int from, int to, long nowNanos) {
    int at = from;
    if (carried > 0) {
      int end = lineEnd(bytes, from, to);
      keep(bytes, from, end < 0 ? to : end);
      if (end < 0) {
        return;
      }
      int length = carried;
      carried = 0;
      line(carry, 0, length, nowNanos);
      at = end + 1;
    }
    while (at < to) {
      int after = bytes[at] == 'd' ? afterExpected(bytes, at, to) : -1;
      if (after >= 0) {
        at = after;
        continue;
      }
      int end = lineEnd(bytes, at, to);
      if (end < 0) {
        keep(bytes, at, to);
        return;
      }
      line(bytes, at, end, nowNanos);
      at = end + 1;
    }
  }

  /**
   * Where the line ends that begins here, if it is the data of the event that must come now: one
   * comparison instead of a search for the end of the line. -1 if it is anything else.
   */
  private int afterExpected(byte[] bytes, int from, int to) {
    byte[] expected = tally.payloads.kept(last + 1);
    int data = from + DATA.length;
    if (pending != EMPTY
        || expected.length == 0
        || to - data < expected.length + 2
        || !Arrays.equals(bytes, from, data, DATA, 0, DATA.length)) {
      return -1;
    }
    if (bytes[data] == ' ') {
      data++;
    }
    int end = data + expected.length;
    if (bytes[end] != '\n' || !Arrays.equals(bytes, data, end, expected, 0, expected.length)) {
      return -1;
    }
    pending = last + 1;
    return end + 1;
  }

  private static int lineEnd(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private void keep(byte[] bytes, int from, int to) {
    int length = to - from;
    if (carry.length < carried + length) {
      carry = Arrays.copyOf(carry, (carried + length) * 2);
    }
    System.arraycopy(bytes, from, carry, carried, length);
    carried += length;
  }

  private void line(byte[] bytes, int from, int lineEnd, long nowNanos) {
    int to = lineEnd > from && bytes[lineEnd - 1] == '\r' ? lineEnd - 1 : lineEnd;
    if (from == to) {
      dispatch(nowNanos);
    } else if (startsWith(bytes, from, to, DATA)) {
      data(bytes, value(bytes, from + DATA.length, to), to);
    } else if (startsWith(bytes, from, to, ID)) {
      cursor.read(bytes, value(bytes, from + ID.length, to), to);
    } else if (startsWith(bytes, from, to, EVENT)) {
      int value = value(bytes, from + EVENT.length, to);
      if (Arrays.equals(bytes, value, to, GAP, 0, GAP.length)) {
        pending = GAP_EVENT;
      }
    }
  }

  private static boolean startsWith(byte[] bytes, int from, int to, byte[] field) {
    return to - from >= field.length
        && Arrays.equals(bytes, from, from + field.length, field, 0, field.length);
  }

  private static int value(byte[] bytes, int from, int to) {
    return from < to && bytes[from] == ' ' ? from + 1 : from;
  }

  private void data(byte[] bytes, int from, int to) {
    if (pending == GAP_EVENT) {
      return;
    }
    // No payload has two lines.
    long sequence = pending == EMPTY ? tally.payloads.sequenceOf(bytes, from, to) : DAMAGED;
    pending = sequence > 0 ? sequence : DAMAGED;
  }

  private void dispatch(long nowNanos) {
    long event = pending;
    pending = EMPTY;
    if (event > 0) {
      received(event, nowNanos);
    } else if (event == DAMAGED) {
      tally.damaged++;
    } else if (event == GAP_EVENT) {
      tally.gaps++;
    }
  }

  private void received(long sequence, long nowNanos) {
    cursor.received(sequence);
    if (sequence == last + 1 && last >= 0) {
      last = sequence;
      skipped <<= 1;
      tally.awaited--;
      tally.received(sequence, nowNanos);
    } else if (last < 0) {
      long openedAfter = -1 - last;
      last = sequence;
      tally.awaited -= sequence - openedAfter;
      tally.received(sequence, nowNanos);
    } else if (sequence > last) {
      skipTo(sequence);
      tally.received(sequence, nowNanos);
    } else {
      again(sequence, nowNanos);
    }
  }

  private void skipTo(long sequence) {
    long between = sequence - last - 1;
    if (between >= REMEMBERED) {
      skipped = -1;
    } else {
      // The shift goes in two steps, because one by 64 would be one by 0.
      skipped = (skipped << between << 1) | ((1L << between) - 1);
    }
    tally.lost += between;
    tally.awaited -= between + 1;
    last = sequence;
  }

  private void again(long sequence, long nowNanos) {
    long before = last - sequence - 1;
    long bit = before >= 0 && before < REMEMBERED ? 1L << before : 0;
    if ((skipped & bit) == 0) {
      tally.duplicated++;
      return;
    }
    skipped ^= bit;
    tally.lost--;
    tally.disordered++;
    tally.received(sequence, nowNanos);
  }
}
