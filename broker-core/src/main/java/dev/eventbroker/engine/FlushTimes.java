package dev.eventbroker.engine;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.BrokerStats.FlushStats;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/**
 * How long events took from their publisher to the end of their batch. Every event has its time
 * anyway, so this costs a publisher nothing, and a lane one look at the clock per batch.
 */
final class FlushTimes {

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** Beyond that (a clock that was never set) the seconds do not fit into nanoseconds. */
  private static final long MAX_SECONDS = 1L << 32;

  private final InstantSource clock;
  private final BrokerObserver observer;
  private final LongAdder batches = new LongAdder();
  private final LongAdder nanos = new LongAdder();

  // The largest of this interval and of the one before, so that one bad minute passes by again.
  private final LongAccumulator max = new LongAccumulator(Math::max, 0);
  private volatile long maxBefore;

  FlushTimes(InstantSource clock, BrokerObserver observer) {
    this.clock = clock;
    this.observer = observer;
  }

  /** A batch has reached its subscribers. On a lane. */
  void flushed(Batch batch) {
    Entry.OfEvent oldest = batch.oldestEvent();
    if (oldest != null) {
      flushed(batch.count(), nanosBetween(oldest.time(), clock.instant()));
    }
  }

  private void flushed(int events, long took) {
    batches.increment();
    nanos.add(took);
    max.accumulate(took);
    observer.batchFlushed(events, Duration.ofNanos(took));
  }

  /** Nothing less than 0, for clocks are set back, and other machines have their own. */
  private static long nanosBetween(Instant from, Instant to) {
    long seconds = to.getEpochSecond() - from.getEpochSecond();
    long bounded = Math.max(-MAX_SECONDS, Math.min(seconds, MAX_SECONDS));
    return Math.max(0, bounded * NANOS_PER_SECOND + to.getNano() - from.getNano());
  }

  /** A new interval for the largest time begins. One thread at a time. */
  void nextInterval() {
    maxBefore = max.getThenReset();
  }

  FlushStats stats() {
    return new FlushStats(
        batches.sum(),
        Duration.ofNanos(nanos.sum()),
        Duration.ofNanos(Math.max(maxBefore, max.get())));
  }
}
