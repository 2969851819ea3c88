package dev.eventbroker;

import java.util.Map;

/** An inbound transport: feeds events and gaps into a broker. */
public interface EventSource extends AutoCloseable {

  /**
   * Starts to feed. Called once, by the broker.
   *
   * @throws BrokerException if the source can't start; the broker then closes it
   */
  void start(Inbound inbound);

  /** How it is doing. Any thread, without blocking. */
  SourceStatus status();

  /**
   * Numbers of its own, for {@link BrokerStats}: how often it reconnected, how old its last sign of
   * life is. Names are words joined by dots with the unit as the last of them where there is one
   * ({@code reconnects}, {@code canary.age.seconds}), few, and always the same. Any thread, without
   * blocking; none by default.
   */
  default Map<String, Number> gauges() {
    return Map.of();
  }

  /**
   * Stops within the source's documented bound and leaves nothing behind. Any thread; idempotent.
   */
  @Override
  void close();
}
