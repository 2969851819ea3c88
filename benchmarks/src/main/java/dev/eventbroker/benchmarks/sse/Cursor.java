package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.HashMap;
import java.util.Map;

/**
 * Which id the server gave to which event, as one connection has seen it: what a client would come
 * back with as {@code Last-Event-ID}. Used by one thread.
 */
class Cursor {

  /** Remembers nothing: for the connections that only count. */
  static final Cursor NONE = new Cursor();

  private Cursor() {}

  /** The id of the event that is being received. */
  void read(byte[] bytes, int from, int to) {}

  /** The event with the id that was read last, if any was, is this one. */
  void received(long sequence) {}

  /** Remembers every one. */
  static final class Remembering extends Cursor {

    private final Map<Long, String> ids = new HashMap<>();
    private String id = "";

    @Override
    void read(byte[] bytes, int from, int to) {
      id = new String(bytes, from, to - from, US_ASCII);
    }

    @Override
    void received(long sequence) {
      ids.put(sequence, id);
    }

    /**
     * Returns the id of this event.
     *
     * @throws IllegalStateException if it had none
     */
    String idOf(long sequence) {
      String found = ids.getOrDefault(sequence, "");
      if (found.isEmpty()) {
        throw new IllegalStateException("the server gave event " + sequence + " no id");
      }
      return found;
    }
  }
}
