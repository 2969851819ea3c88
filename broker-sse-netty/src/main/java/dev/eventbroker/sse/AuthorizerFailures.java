package dev.eventbroker.sse;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the log of an authoriser that fails: the first time at once, and then at most once a
 * second, since every client can make it fail as often as it likes.
 */
final class AuthorizerFailures {

  private static final Logger log = LoggerFactory.getLogger(AuthorizerFailures.class);

  private static final long INTERVAL_NANOS = 1_000_000_000L;

  private final LongSupplier nanoClock;
  private final AtomicLong nextAt;
  private final AtomicLong heldBack = new AtomicLong();

  AuthorizerFailures(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.nextAt = new AtomicLong(nanoClock.getAsLong());
  }

  /** Warns, or counts what is not worth a line of its own. Any thread. */
  void warn(String what, @Nullable Throwable cause) {
    long now = nanoClock.getAsLong();
    long next = nextAt.get();
    if (now - next < 0 || !nextAt.compareAndSet(next, now + INTERVAL_NANOS)) {
      heldBack.incrementAndGet();
      return;
    }
    log.warn(
        "the authorizer failed, {} ({} failures before were not logged)",
        what,
        heldBack.getAndSet(0),
        cause);
  }
}
