package dev.eventbroker;

import java.time.Instant;
import java.util.Optional;

/**
 * An event as it stands in the log: the same object for every subscriber that it is delivered to.
 * Safe to keep and to read on any thread.
 */
public interface Delivery {

  /** The event. */
  Event event();

  /**
   * The id from which a client can go on after this event. Empty for an event that lives on this
   * node only ({@link Broker#publishLocal}): no other node could resume from it.
   */
  Optional<EventId> id();

  /** The place in the log of this event, or of the last event before it that has an id. */
  EventId cursor();

  /** When the event entered the log, or the database behind it. */
  Instant time();

  /**
   * This event in one wire form, encoded at most a few times however many subscribers there are:
   * the result is kept with the event, by identity of the encoder.
   */
  <T> T encodedBy(Encoder<T> encoder);

  /**
   * Turns a delivery into one wire form. Use one instance per form, for the result is remembered by
   * instance. Called on any lane, at times on two at once with the same delivery; the result must
   * be immutable.
   */
  @FunctionalInterface
  interface Encoder<T> {

    /** The delivery in this form. */
    T encode(Delivery delivery);
  }
}
