package dev.eventbroker;

import java.time.Instant;

/**
 * Where a source puts what it brings. Each call appends to the log and returns at once; nothing
 * waits for a subscriber. One thread at a time, where nothing else is said.
 */
public interface Inbound {

  /**
   * For a {@link Backplane}: what follows comes after this place, and the log knows nothing older.
   * A second call says that the run was broken for everybody (another epoch, or events that are
   * gone): each subscriber is told a gap.
   *
   * @throws IllegalArgumentException if it goes back within the epoch, whose positions never do
   */
  void begin(EventId cursor);

  /**
   * For a {@link Backplane}: the message with the next position of the epoch.
   *
   * @throws IllegalArgumentException if the id is not the next one; the backplane then says {@link
   *     #begin}
   */
  void message(EventId id, Instant time, Message message);

  /** For a plain source: an event without a place of its own. */
  void event(Event event);

  /** The source may have missed events on these topics. */
  void gap(TopicFilter scope);

  /**
   * What {@link EventSource#status} answers is another state now. Without this call the broker sees
   * it at its next heartbeat. Any thread, and while others of these calls are made.
   */
  default void statusChanged() {}
}
