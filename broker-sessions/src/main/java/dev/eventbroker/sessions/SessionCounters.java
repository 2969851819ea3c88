package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** Counts what it hears of. Any thread. */
final class SessionCounters implements SessionObserver {

  private final LongAdder acquired = new LongAdder();
  private final Map<ReleaseReason, LongAdder> released = new EnumMap<>(ReleaseReason.class);
  private final LongAdder lost = new LongAdder();
  private final LongAdder storeFailures = new LongAdder();
  private final AtomicReference<Sweeps> sweeps = new AtomicReference<>(Sweeps.NONE);

  SessionCounters() {
    for (ReleaseReason reason : ReleaseReason.values()) {
      released.put(reason, new LongAdder());
    }
  }

  @Override
  public void acquired(Session session) {
    acquired.increment();
  }

  @Override
  public void released(Session session, ReleaseReason reason) {
    LongAdder counter = released.get(reason);
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void lost(Session session, ReleaseReason reason) {
    lost.increment();
  }

  @Override
  public void swept(Swept result, Duration took) {
    sweeps.updateAndGet(before -> before.and(result, took));
  }

  @Override
  public void storeFailed(Throwable cause) {
    storeFailures.increment();
  }

  SessionStats stats() {
    Map<ReleaseReason, Long> byReason = new EnumMap<>(ReleaseReason.class);
    released.forEach((reason, count) -> byReason.put(reason, count.sum()));
    Sweeps swept = requireNonNull(sweeps.get());
    return new SessionStats(
        swept.held,
        acquired.sum(),
        byReason,
        lost.sum(),
        swept.withheld,
        swept.count,
        swept.total,
        swept.last,
        storeFailures.sum());
  }

  private record Sweeps(long count, Duration total, Duration last, long held, long withheld) {

    static final Sweeps NONE = new Sweeps(0, Duration.ZERO, Duration.ZERO, 0, 0);

    Sweeps and(Swept result, Duration took) {
      long remaining = result.held() - result.expired().size();
      return new Sweeps(count + 1, total.plus(took), took, remaining, result.withheld());
    }
  }
}
