package dev.eventbroker.sse;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.LagPolicy;
import java.time.Duration;
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
    Duration retry,
    int maxFilters,
    LagPolicy lagPolicy,
    Delivery.Encoder<WireFrame> encoder,
    RandomGenerator random,
    LongSupplier nanoClock) {

  static final Duration MIN_RETRY = SseFrame.MIN_RETRY;
  static final Duration MAX_RETRY = SseFrame.MAX_RETRY;

  /** At most this much is taken off a heartbeat or a lifetime. */
  private static final double DOWNWARDS = 0.2;

  /** At most this much is taken off or put on a reconnection time. */
  private static final double BOTH_WAYS = 0.5;

  /** The heartbeat of one connection: never longer than asked for. */
  long heartbeatNanos() {
    return (long) (heartbeat.toNanos() * (1 - DOWNWARDS * random.nextDouble()));
  }

  /** The lifetime of one connection: never longer than asked for. */
  long lifetimeNanos() {
    return (long) (maxLifetime.toNanos() * (1 - DOWNWARDS * random.nextDouble()));
  }

  /** The reconnection time that one client is told, so that not all come back at once. */
  Duration jitteredRetry() {
    double factor = 1 - BOTH_WAYS + 2 * BOTH_WAYS * random.nextDouble();
    long millis = (long) (retry.toMillis() * factor);
    return Duration.ofMillis(
        Math.max(MIN_RETRY.toMillis(), Math.min(MAX_RETRY.toMillis(), millis)));
  }
}
