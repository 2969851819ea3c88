package dev.eventbroker.testing;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import dev.eventbroker.Message;
import dev.eventbroker.TopicFilter;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what a source brings, and refuses what a broker's log would refuse. */
public final class RecordingInbound implements Inbound {

  /**
   * A message and its place.
   *
   * @param id its place
   * @param message itself
   */
  public record Placed(EventId id, Message message) {}

  private final List<EventId> begins = new CopyOnWriteArrayList<>();
  private final List<Placed> placed = new CopyOnWriteArrayList<>();
  private volatile Optional<EventId> cursor = Optional.empty();

  @Override
  public void begin(EventId begin) {
    boolean isBack =
        cursor.isPresent()
            && cursor.get().epoch().equals(begin.epoch())
            && begin.position() < cursor.get().position();
    if (isBack) {
      throw new IllegalArgumentException(
          "begin: " + begin + " (expected: from " + cursor.get() + ")");
    }
    begins.add(begin);
    cursor = Optional.of(begin);
  }

  @Override
  public void message(EventId id, Instant time, Message message) {
    EventId before = cursor.orElseThrow(() -> new IllegalStateException("message before begin"));
    EventId next = new EventId(before.epoch(), before.position() + 1);
    if (!id.equals(next)) {
      throw new IllegalArgumentException("id: " + id + " (expected: " + next + ")");
    }
    cursor = Optional.of(id);
    placed.add(new Placed(id, message));
  }

  @Override
  public void event(Event event) {
    throw new AssertionError("event without a place: " + event);
  }

  @Override
  public void gap(TopicFilter scope) {
    throw new AssertionError("gap without a place: " + scope);
  }

  /** The places that it was told to begin after; one for each time the run was broken, and one. */
  public List<EventId> begins() {
    return begins;
  }

  /** What came, in order. */
  public List<Placed> placed() {
    return placed;
  }

  /** The ids of what came, in order. */
  public List<EventId> ids() {
    return placed.stream().map(Placed::id).toList();
  }

  /** The messages that came, in order. */
  public List<Message> messages() {
    return placed.stream().map(Placed::message).toList();
  }

  /** The data of the events that came, in order. */
  public List<String> data() {
    return messages().stream()
        .filter(Event.class::isInstance)
        .map(message -> ((Event) message).data())
        .toList();
  }

  /** The place of the last message, or where it began. */
  public EventId cursor() {
    return cursor.orElseThrow();
  }
}
