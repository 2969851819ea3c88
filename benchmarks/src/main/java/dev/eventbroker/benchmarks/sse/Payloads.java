package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The data of the events of one run: each says which run it is of, which number it has and when it
 * was published, and is filled up with characters that are its own, so that no event looks like a
 * piece of another. Numbers begin at 1. Used by one thread.
 */
final class Payloads {

  /** The shortest there can be: what an event says, and some filling. */
  static final int SHORTEST = 96;

  /**
   * How many of the newest are kept as they were sent. Older ones are made again to compare them,
   * but the moment of their publishing is no longer known.
   */
  private static final int KEPT = 1 << 14;

  private static final int SLOT = KEPT - 1;

  /** {@code run=xxxxxxxx seq=nnnnnnnnnnnn at=nnnnnnnnnnnnnnnnnnn } */
  private static final int RUN = 4;

  private static final int SEQUENCE = RUN + 8 + 5;
  private static final int SEQUENCE_DIGITS = 12;
  private static final int NANOS = SEQUENCE + SEQUENCE_DIGITS + 4;
  private static final int NANOS_DIGITS = 19;
  private static final int FILLER = NANOS + NANOS_DIGITS + 1;

  /** A prime, so that neighbours in time are filled quite differently. */
  private static final int FILLER_STEP = 127;

  private static final int FILLER_STARTS = 4096;
  private static final byte[] NOTHING = {};

  private final byte[][] kept = new byte[KEPT][];
  private final long[] sequences = new long[KEPT];
  private final long[] publishedNanos = new long[KEPT];
  private final byte[] template;
  private byte[] filler = NOTHING;
  private byte[] scratch = NOTHING;
  private int length;
  private long published;

  /**
   * Begins a run.
   *
   * @param run tells its events from those of others
   * @param length of each payload, in bytes
   */
  Payloads(int run, int length) {
    Arrays.fill(kept, NOTHING);
    Arrays.fill(sequences, -1);
    this.template = String.format("run=%08x seq=%012d at=%019d ", run, 0, 0).getBytes(US_ASCII);
    resize(length);
  }

  /**
   * Makes the payloads from now on this long.
   *
   * @throws IllegalArgumentException if it is shorter than {@link #SHORTEST}
   */
  void resize(int newLength) {
    if (newLength < SHORTEST) {
      throw new IllegalArgumentException(
          "length: " + newLength + " (expected: >= " + SHORTEST + ")");
    }
    length = newLength;
    if (filler.length < newLength + FILLER_STARTS) {
      // Always from the same seed: what was sent when payloads were shorter is a beginning of it.
      SplittableRandom random = new SplittableRandom(7);
      filler = new byte[newLength + FILLER_STARTS];
      for (int i = 0; i < filler.length; i++) {
        filler[i] = (byte) ('0' + random.nextInt(64));
      }
    }
  }

  int length() {
    return length;
  }

  /** Returns the number of the newest, 0 before the first. */
  long published() {
    return published;
  }

  /** Makes the next one, published at this moment; the array is not to be written to. */
  byte[] next(long nanos) {
    published++;
    int slot = (int) published & SLOT;
    byte[] bytes = kept[slot].length == length ? kept[slot] : new byte[length];
    write(bytes, published, nanos);
    kept[slot] = bytes;
    sequences[slot] = published;
    publishedNanos[slot] = nanos;
    return bytes;
  }

  private void write(byte[] bytes, long sequence, long nanos) {
    System.arraycopy(template, 0, bytes, 0, FILLER);
    digits(bytes, SEQUENCE, SEQUENCE_DIGITS, sequence);
    digits(bytes, NANOS, NANOS_DIGITS, nanos);
    int start = (int) (sequence * FILLER_STEP % FILLER_STARTS);
    System.arraycopy(filler, start, bytes, FILLER, bytes.length - FILLER);
  }

  private static void digits(byte[] bytes, int from, int count, long value) {
    long left = value;
    for (int i = from + count - 1; i >= from; i--) {
      bytes[i] = (byte) ('0' + left % 10);
      left /= 10;
    }
  }

  /** Returns what was sent with this number, or an empty array if it is no longer kept. */
  byte[] kept(long sequence) {
    int slot = (int) sequence & SLOT;
    return sequences[slot] == sequence ? kept[slot] : NOTHING;
  }

  /** Returns when that one was published, or -1 if it is no longer known. */
  long publishedNanos(long sequence) {
    int slot = (int) sequence & SLOT;
    return sequences[slot] == sequence ? publishedNanos[slot] : -1;
  }

  /**
   * Returns the number of the event with this data, or -1 if no event of this run had exactly this.
   */
  long sequenceOf(byte[] data, int from, int to) {
    int size = to - from;
    if (size < SHORTEST || !Arrays.equals(data, from, from + SEQUENCE, template, 0, SEQUENCE)) {
      return -1;
    }
    long sequence = number(data, from + SEQUENCE, SEQUENCE_DIGITS);
    if (sequence < 1 || sequence > published) {
      return -1;
    }
    byte[] expected = kept(sequence);
    if (expected.length == 0) {
      expected = again(sequence, number(data, from + NANOS, NANOS_DIGITS), size);
    }
    return Arrays.equals(data, from, to, expected, 0, expected.length) ? sequence : -1;
  }

  private byte[] again(long sequence, long nanos, int size) {
    if (size + FILLER_STARTS > filler.length) {
      return NOTHING;
    }
    if (scratch.length != size) {
      scratch = new byte[size];
    }
    write(scratch, sequence, nanos);
    return scratch;
  }

  /** Something else than a digit makes a number that was never given, or a payload never sent. */
  private static long number(byte[] data, int from, int count) {
    long value = 0;
    for (int i = from; i < from + count; i++) {
      value = value * 10 + data[i] - '0';
    }
    return value;
  }
}
