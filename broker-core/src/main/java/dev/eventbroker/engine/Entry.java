package dev.eventbroker.engine;

import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Revocation;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One place in the log. {@link #sequence} is this node's own dense numbering; {@link #place} is the
 * id of this entry where it has one ({@link #placed}), or of the last entry before it that has one.
 */
abstract class Entry {

  final long sequence;
  final EventId place;
  final boolean placed;

  // Written by the log while it appends, before anybody else sees the entry.
  /** The bytes of everything that was ever appended, this entry included. */
  long bytesUpTo;

  /** When it was appended, by the events' clock; never falls from entry to entry. */
  long appendedMillis;

  Entry(long sequence, EventId place, boolean placed) {
    this.sequence = sequence;
    this.place = place;
    this.placed = placed;
  }

  /** What it takes of the log's bound in bytes, estimated. */
  abstract long bytes();

  /** An event. */
  static final class OfEvent extends Entry implements Delivery {

    /** Objects and references around the text of an event, frames included. */
    private static final int OVERHEAD_BYTES = 250;

    /** One name in an audience, which may be a set of its own for each event. */
    private static final int PRINCIPAL_BYTES = 64;

    /** Objects and references around an idempotency key. */
    private static final int KEY_BYTES = 150;

    final Event event;

    /** Whether there is an audience at all: asked for each delivery, so it is kept at hand. */
    final boolean forEveryone;

    // The time, without an object of its own in each entry for those who never ask.
    private final long seconds;
    private final int nanos;

    private volatile @Nullable Encoded encoded;

    OfEvent(long sequence, EventId place, boolean placed, Event event, Instant time) {
      super(sequence, place, placed);
      this.event = event;
      this.seconds = time.getEpochSecond();
      this.nanos = time.getNano();
      this.forEveryone = event.audience().principals().isEmpty();
    }

    /** The data counts twice: once as text and once as the frame that all connections share. */
    static long bytes(Event event) {
      int key = event.key().map(String::length).orElse(0);
      int name = event.idempotencyKey().map(same -> KEY_BYTES + 2 * same.length()).orElse(0);
      int principals = event.audience().principals().map(Set::size).orElse(0);
      return OVERHEAD_BYTES
          + 2L * event.data().length()
          + 2L * key
          + name
          + (long) PRINCIPAL_BYTES * principals;
    }

    @Override
    long bytes() {
      return bytes(event);
    }

    @Override
    public Event event() {
      return event;
    }

    @Override
    public Optional<EventId> id() {
      return placed ? Optional.of(place) : Optional.empty();
    }

    @Override
    public EventId cursor() {
      return place;
    }

    @Override
    public Instant time() {
      return Instant.ofEpochSecond(seconds, nanos);
    }

    /** Two lanes may encode at the same moment; both results are right, and one of them is kept. */
    @Override
    @SuppressWarnings("unchecked") // what stands beside an encoder was made by that encoder
    public <T> T encodedBy(Encoder<T> encoder) {
      for (Encoded known = encoded; known != null; known = known.next) {
        if (known.encoder == encoder) {
          return (T) known.result;
        }
      }
      T result = encoder.encode(this);
      encoded = new Encoded(encoder, result, encoded);
      return result;
    }

    @Override
    public String toString() {
      return event + (placed ? " " + place : " (local)");
    }
  }

  /** A place where the run was broken for everybody who asks for some topics. */
  static final class OfGap extends Entry {

    private static final int BYTES = 150;

    final Gap gap;

    OfGap(long sequence, Gap gap, boolean placed) {
      super(sequence, gap.to(), placed);
      this.gap = gap;
    }

    @Override
    long bytes() {
      return BYTES;
    }
  }

  /** From here on a principal has no right to some topics. */
  static final class OfRevocation extends Entry {

    private static final int BYTES = 250;

    final Revocation revocation;

    OfRevocation(long sequence, EventId place, Revocation revocation) {
      super(sequence, place, true);
      this.revocation = revocation;
    }

    @Override
    long bytes() {
      return BYTES;
    }
  }

  private record Encoded(Delivery.Encoder<?> encoder, Object result, @Nullable Encoded next) {}
}
