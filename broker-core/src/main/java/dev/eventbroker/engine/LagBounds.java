package dev.eventbroker.engine;

import dev.eventbroker.LagPolicy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.LongPredicate;

/** How far behind a subscription may be. Asking costs a few look-ups, however long the log is. */
final class LagBounds {

  /** Nothing gets older than that; and an age that does not fit into a long is longer. */
  private static final Duration LONGEST = Duration.ofDays(365_000);

  private final LagPolicy policy;
  private final Log log;
  private final InstantSource clock;

  LagBounds(LagPolicy policy, Log log, InstantSource clock) {
    this.policy = policy;
    this.log = log;
    this.clock = clock;
  }

  /**
   * The first sequence, from that one on, that is still within the bounds; the sequence itself if
   * there is no lag beyond them, and the tail if nothing is left within.
   */
  long firstWithin(long from) {
    long tail = log.tail();
    if (!policy.isBounded() || from >= tail) {
      return from;
    }
    long first = from;
    if (policy.maxEvents().isPresent()) {
      // Not a subtraction from the tail, which a large bound would take below zero; that is fine.
      first = Math.max(first, tail - policy.maxEvents().getAsLong());
    }
    if (policy.maxBytes().isPresent()) {
      long most = policy.maxBytes().getAsLong();
      long appended = log.appendedBytes();
      first = firstOf(first, tail - 1, at -> appended - bytesBefore(at) <= most);
    }
    if (policy.maxAge().isPresent()) {
      long oldest = oldest(policy.maxAge().get());
      first = firstOf(first, tail, at -> timeAt(at) >= oldest);
    }
    return first;
  }

  private long oldest(Duration age) {
    return age.compareTo(LONGEST) > 0
        ? Long.MIN_VALUE
        : clock.instant().toEpochMilli() - age.toMillis();
  }

  private long bytesBefore(long sequence) {
    Entry entry = log.get(sequence);
    return entry == null ? Long.MIN_VALUE / 2 : entry.bytesUpTo - entry.bytes();
  }

  private long timeAt(long sequence) {
    Entry entry = log.get(sequence);
    return entry == null ? Long.MIN_VALUE : entry.appendedMillis;
  }

  /** Binary search: what is within stays within further on. */
  private static long firstOf(long from, long to, LongPredicate within) {
    long low = from;
    long high = to;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (within.test(middle)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
