package dev.eventbroker.runtime;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Warnings of one kind: the first is logged at once, and then at most one per interval, with the
 * number held back.
 */
public final class LimitedWarnings {

  /** Often enough to see that it goes on, seldom enough to read the rest of the log. */
  private static final long INTERVAL_NANOS = 1_000_000_000L;

  private final Logger log;
  private final LongSupplier nanoClock;
  private final AtomicLong nextAt;
  private final AtomicLong heldBack = new AtomicLong();

  /** Warnings to that logger, timed by that clock. */
  public LimitedWarnings(Logger log, LongSupplier nanoClock) {
    this.log = log;
    this.nanoClock = nanoClock;
    this.nextAt = new AtomicLong(nanoClock.getAsLong());
  }

  /**
   * Logs what happened with its cause if there is one, or counts it if the last warning is less
   * than a second old.
   */
  public void warn(String what, @Nullable Throwable cause) {
    long now = nanoClock.getAsLong();
    long next = nextAt.get();
    if (now - next < 0 || !nextAt.compareAndSet(next, now + INTERVAL_NANOS)) {
      heldBack.incrementAndGet();
      return;
    }
    long held = heldBack.getAndSet(0);
    if (held > 0) {
      log.warn("{} ({} more like it were not logged)", what, held, cause);
    } else {
      log.warn(what, cause);
    }
  }
}
