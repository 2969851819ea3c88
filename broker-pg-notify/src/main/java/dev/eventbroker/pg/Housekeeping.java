package dev.eventbroker.pg;

import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done beside the work, a little at a time: removing what has been kept for long enough,
 * and looking what lags. All but {@link #lag} on the worker's thread.
 */
final class Housekeeping {

  private static final Logger log = LoggerFactory.getLogger(Housekeeping.class);

  /** Retention need not be exact to the second; an idle look costs a tenth of a millisecond. */
  private static final Duration TRIM_INTERVAL = Duration.ofSeconds(1);

  /** Some ten milliseconds: neither events nor other transactions wait longer for it. */
  private static final int TRIM_BATCH = 2_000;

  private final OutboxSettings settings;
  // The worker's thread.
  private long trimAt;
  private long lookAt;
  private boolean refused;

  // Written by the worker's thread.
  private volatile Outbox.@Nullable Lag lag;

  Housekeeping(OutboxSettings settings) {
    this.settings = settings;
    this.trimAt = settings.nanoClock().getAsLong();
    this.lookAt = trimAt;
  }

  /** What was seen last; null before the first look. */
  Outbox.@Nullable Lag lag() {
    return lag;
  }

  /** Does what is due. */
  void run(Link link, Outbox outbox) throws SQLException {
    long now = settings.nanoClock().getAsLong();
    if (now - trimAt >= 0) {
      boolean more = guarded(() -> trim(link, outbox));
      trimAt = more ? now : now + TRIM_INTERVAL.toNanos();
    }
    if (now - lookAt >= 0) {
      var unused = guarded(() -> look(link, outbox));
      lookAt = now + settings.canaryInterval().toNanos();
    }
  }

  private boolean trim(Link link, Outbox outbox) throws SQLException {
    link.within(settings.limit(), "removing what has been kept for long enough");
    return outbox.trim(settings.retainFor(), settings.retainBytes(), TRIM_BATCH);
  }

  private boolean look(Link link, Outbox outbox) throws SQLException {
    link.within(settings.limit(), "looking what lags");
    lag = outbox.lag();
    return false;
  }

  private interface Chore {
    boolean isToBeGoneOnWith() throws SQLException;
  }

  /** A right that is missing, or a statement that takes too long, must not end the connection. */
  private boolean guarded(Chore chore) throws SQLException {
    try {
      boolean more = chore.isToBeGoneOnWith();
      refused = false;
      return more;
    } catch (SQLException e) {
      if (!ConnectFailure.isRefusal(e)) {
        throw e;
      }
      if (!refused) {
        log.warn("{}: housekeeping was refused: {}", settings.instance(), e.getMessage());
      }
      refused = true;
      return false;
    }
  }
}
