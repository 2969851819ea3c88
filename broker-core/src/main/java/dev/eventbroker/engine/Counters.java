package dev.eventbroker.engine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What the broker has counted since it was made. Lanes add once per run, not once per event. */
final class Counters {

  final LongAdder published = new LongAdder();
  final LongAdder delivered = new LongAdder();
  final LongAdder filtered = new LongAdder();
  final LongAdder gaps = new LongAdder();
  final LongAdder snapshotFallbacks = new LongAdder();
  final AtomicInteger lagging = new AtomicInteger();
}
