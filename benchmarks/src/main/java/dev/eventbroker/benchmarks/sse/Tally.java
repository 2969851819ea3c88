package dev.eventbroker.benchmarks.sse;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * What a number of connections has received, and what is wrong with it. Used by one thread; nothing
 * in it allocates.
 */
final class Tally {

  /** Slower than this and it is recorded as this: nobody waits for longer. */
  private static final long SLOWEST_NANOS = TimeUnit.MINUTES.toNanos(2);

  final Payloads payloads;

  /** From publishing to receipt, in nanoseconds. */
  final Histogram latency = new Histogram(SLOWEST_NANOS, 3);

  /** Events that came for the first time, whatever their order. */
  long delivered;

  long lastDeliveryNanos;

  /** Events that were skipped and have not come since. */
  long lost;

  long duplicated;

  /** Events that came after a later one. */
  long disordered;

  /** Events whose data none of the run had. */
  long damaged;

  /** Gaps that a server told of by itself. */
  long gaps;

  /** Deliveries that are still to come: what was published, once for every connection. */
  long awaited;

  private long phaseFirst;

  Tally(Payloads payloads) {
    this.payloads = payloads;
  }

  /** Forgets all but what is still awaited; what was published earlier has no latency any more. */
  void startPhase() {
    latency.reset();
    delivered = 0;
    lost = 0;
    duplicated = 0;
    disordered = 0;
    damaged = 0;
    gaps = 0;
    phaseFirst = payloads.published() + 1;
  }

  /** Counts an event that is seen for the first time. */
  void received(long sequence, long nowNanos) {
    delivered++;
    lastDeliveryNanos = nowNanos;
    long publishedNanos = payloads.publishedNanos(sequence);
    if (sequence >= phaseFirst && publishedNanos >= 0) {
      latency.recordValue(Math.min(Math.max(nowNanos - publishedNanos, 0), SLOWEST_NANOS));
    }
  }
}
