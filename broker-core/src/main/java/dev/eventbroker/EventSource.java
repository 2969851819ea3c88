package dev.eventbroker;

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
   * Stops within the source's documented bound and leaves nothing behind. Any thread; idempotent.
   */
  @Override
  void close();
}
