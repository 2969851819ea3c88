package dev.eventbroker.sse;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.LagPolicy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** What all streams of one endpoint have in common. */
record SseSettings(
    Broker broker,
    String path,
    SseAuthorizer authorizer,
    Duration authorizeTimeout,
    Duration heartbeat,
    Duration stallTimeout,
    Duration maxLifetime,
    Duration expiryNotice,
    Duration retry,
    Duration reconnectSpread,
    SseLimits limits,
    Optional<SseCors> cors,
    Function<SseRequest, String> address,
    LagPolicy lagPolicy,
    Delivery.Encoder<WireFrame> encoder,
    RandomGenerator random,
    LongSupplier nanoClock,
    InstantSource clock) {

  static final Duration MIN_RETRY = SseFrame.MIN_RETRY;
  static final Duration MAX_RETRY = SseFrame.MAX_RETRY;

  /** Times are added in nanoseconds; nothing here is meant to last longer than a year. */
  static final Duration LONGEST = Duration.ofDays(365);

  /** At most this much is taken off a heartbeat or a lifetime. */
  private static final double DOWNWARDS = 0.2;

  /** In the time of a heartbeat; a second has about four of them by default. */
  private static final int BEAT_TURNS = 64;

  /** At most this much is taken off or put on a reconnection time. */
  private static final double BOTH_WAYS = 0.5;

  /** The heartbeat of one connection: never longer than asked for, the wait for a turn included. */
  long heartbeatNanos() {
    long longest = heartbeat.toNanos() - beatTurnNanos();
    return (long) (longest * (1 - DOWNWARDS * random.nextDouble()));
  }

  /**
   * When a heartbeat that is due then is sent: connections take turns together, so that an event
   * loop wakes up for some hundred of them and not for each.
   */
  long beatTurn(long dueNanos) {
    long turn = beatTurnNanos();
    return dueNanos + Math.floorMod(-dueNanos, turn);
  }

  private long beatTurnNanos() {
    return Math.max(1, heartbeat.toNanos() / BEAT_TURNS);
  }

  /** The lifetime of one connection: never longer than asked for. */
  long lifetimeNanos() {
    return (long) (maxLifetime.toNanos() * (1 - DOWNWARDS * random.nextDouble()));
  }

  /** How long there is until then; negative if it is over. */
  long nanosUntil(Instant then) {
    Duration left = Duration.between(clock.instant(), then);
    if (left.isNegative()) {
      // Instant.MIN is further away than nanoseconds can say.
      return -1;
    }
    return left.compareTo(LONGEST) > 0 ? LONGEST.toNanos() : left.toNanos();
  }

  /** The reconnection time that one client is told, so that not all come back at once. */
  Duration jitteredRetry() {
    double factor = 1 - BOTH_WAYS + 2 * BOTH_WAYS * random.nextDouble();
    return bounded((long) (retry.toMillis() * factor));
  }

  /**
   * The reconnection time for one of many that are sent away together, or of one too many: anything
   * from half the usual one to the end of the time that they are spread over.
   */
  Duration spreadRetry() {
    long least = (long) (retry.toMillis() * (1 - BOTH_WAYS));
    long most = Math.max(reconnectSpread.toMillis(), retry.toMillis());
    return bounded(least + (long) ((most - least) * random.nextDouble()));
  }

  private static Duration bounded(long millis) {
    return Duration.ofMillis(
        Math.max(MIN_RETRY.toMillis(), Math.min(MAX_RETRY.toMillis(), millis)));
  }
}
