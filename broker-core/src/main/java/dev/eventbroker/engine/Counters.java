package dev.eventbroker.engine;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerStats.ConnectionStats;
import dev.eventbroker.BrokerStats.EventStats;
import dev.eventbroker.BrokerStats.SnapshotStats;
import dev.eventbroker.Gap;
import dev.eventbroker.runtime.CountsByName;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the broker has counted since it was made. Lanes add once per run, not once per event; what
 * happens seldom is counted by {@link CountingObserver}.
 */
final class Counters {

  final LongAdder published = new LongAdder();
  final LongAdder delivered = new LongAdder();
  final LongAdder filtered = new LongAdder();
  final AtomicInteger lagging = new AtomicInteger();
  final FlushTimes flushes;

  private final Map<Gap.Reason, LongAdder> gaps = new EnumMap<>(Gap.Reason.class);
  final LongAdder lanesBlocked = new LongAdder();
  final LongAdder subscriptionsOpened = new LongAdder();
  final CountsByName subscriptionsClosed = new CountsByName();
  final LongAdder connectionsOpened = new LongAdder();
  final LongAdder connectionsRefused = new LongAdder();
  final CountsByName connectionsClosed = new CountsByName();
  final LongAdder snapshotsLoaded = new LongAdder();
  final LongAdder snapshotsFailed = new LongAdder();
  final LongAdder snapshotNanos = new LongAdder();

  Counters(FlushTimes flushes) {
    this.flushes = flushes;
    for (Gap.Reason reason : Gap.Reason.values()) {
      gaps.put(reason, new LongAdder()); // from here on the map itself is only read
    }
  }

  LongAdder gaps(Gap.Reason reason) {
    return requireNonNull(gaps.get(reason), "gaps");
  }

  EventStats events() {
    Map<Gap.Reason, Long> told = new EnumMap<>(Gap.Reason.class);
    gaps.forEach((reason, count) -> told.put(reason, count.sum()));
    return new EventStats(published.sum(), delivered.sum(), filtered.sum(), told, flushes.stats());
  }

  ConnectionStats connections(int open) {
    return new ConnectionStats(
        open, connectionsOpened.sum(), connectionsRefused.sum(), connectionsClosed.counts());
  }

  SnapshotStats snapshots() {
    return new SnapshotStats(
        snapshotsLoaded.sum(), snapshotsFailed.sum(), Duration.ofNanos(snapshotNanos.sum()));
  }
}
