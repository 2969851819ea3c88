package dev.eventbroker.engine;

import dev.eventbroker.runtime.LimitedWarnings;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a clock throws stays with the clock: a lane that asks it gets an answer by which nothing is
 * old and nothing has taken long. Publishers ask the clock itself, and hear what it throws.
 */
final class GuardedClock implements InstantSource {

  private static final Logger log = LoggerFactory.getLogger(GuardedClock.class);

  private final InstantSource clock;
  private final LimitedWarnings warnings;

  GuardedClock(InstantSource clock, LongSupplier nanoClock) {
    this.clock = clock;
    this.warnings = new LimitedWarnings(log, nanoClock);
  }

  @Override
  public Instant instant() {
    try {
      return clock.instant();
    } catch (RuntimeException | Error e) {
      warnings.warn("a clock threw: " + clock.getClass().getName(), e);
      return Instant.EPOCH;
    }
  }
}
