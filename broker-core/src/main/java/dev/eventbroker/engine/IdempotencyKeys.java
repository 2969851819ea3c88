package dev.eventbroker.engine;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Message;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Under which id an event of some idempotency key stands in the log. A key goes with its event, so
 * there are as many at most as the log has entries. Guarded by the log's lock.
 */
final class IdempotencyKeys {

  private final Map<String, EventId> ids = new HashMap<>();

  /** The id of the event that has this message's key already; null if there is none. */
  @Nullable EventId known(Message message) {
    if (ids.isEmpty() || !(message instanceof Event event) || event.idempotencyKey().isEmpty()) {
      return null;
    }
    return ids.get(event.idempotencyKey().get());
  }

  /** The message stands in the log under that id from now on. */
  void add(Message message, EventId id) {
    if (message instanceof Event event) {
      event.idempotencyKey().ifPresent(key -> ids.put(key, id));
    }
  }

  /** The entry is gone; its key may be of an event that came without having been noted. */
  void remove(Entry.OfEvent entry) {
    if (!ids.isEmpty() && entry.placed) {
      entry.event.idempotencyKey().ifPresent(key -> ids.remove(key, entry.place));
    }
  }

  /** How many keys are known. */
  int size() {
    return ids.size();
  }
}
