package dev.eventbroker.engine;

import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a lagging subscription need not be given, because something later of the same topic and key
 * is ahead of it. It looks ahead once over each entry, however often the subscriber pauses on the
 * way, and remembers a bounded number of keys.
 */
final class Conflation {

  /** Some 100 KiB at the most, for each subscription that lags. */
  static final int MAX_KEYS = 1024;

  private final Map<Key, Latest> latest = new HashMap<>();
  private long end;

  /** For a run that goes on from there. */
  Conflation(long from) {
    end = from;
  }

  /** Up to where it has looked ahead: what is before this may be delivered. */
  long end() {
    return end;
  }

  /**
   * Looks ahead up to that many entries further.
   *
   * @param to the place up to which the subscription catches up
   * @param seen whether the event is one that the subscription will be given
   * @return whether it is time to deliver: it has looked up to that place, or as far as it can
   */
  boolean lookAhead(Log log, long to, int atMost, Predicate<Entry.OfEvent> seen) {
    long stop = Math.min(to, end + atMost);
    for (; end < stop; end++) {
      Entry entry = log.get(end);
      if (entry == null) {
        return true; // who reads it finds out that the log has moved on
      }
      if (entry instanceof Entry.OfEvent event && event.event.key().isPresent()) {
        if (latest.size() >= MAX_KEYS && !latest.containsKey(keyOf(event))) {
          return true;
        }
        if (seen.test(event)) {
          latest.computeIfAbsent(keyOf(event), same -> new Latest()).sequence = event.sequence;
        }
      }
    }
    return end >= to;
  }

  /**
   * Leaves the event out if a later one of the same topic and key is still ahead; false if it is to
   * be delivered.
   *
   * @param before the place before it
   */
  boolean leaveOut(Entry.OfEvent event, EventId before) {
    if (event.event.key().isEmpty()) {
      return false;
    }
    Latest last = latest.get(keyOf(event));
    if (last == null || last.sequence <= event.sequence) {
      return false;
    }
    if (last.leftOutAfter == null) {
      last.leftOutAfter = before;
      last.firstLeftOut = event.sequence;
    }
    return true;
  }

  /**
   * Where the run was whole before it left something out of that scope for a later one that is
   * still ahead; null if it did not.
   */
  @Nullable EventId wholeBefore(TopicFilter scope) {
    Latest first = null;
    for (Map.Entry<Key, Latest> each : latest.entrySet()) {
      Latest last = each.getValue();
      if (last.leftOutAfter != null
          && (first == null || last.firstLeftOut < first.firstLeftOut)
          && scope.matches(each.getKey().topic())) {
        first = last;
      }
    }
    return first == null ? null : first.leftOutAfter;
  }

  /** What is before that place was read or is lost. */
  void forgetBefore(long sequence) {
    latest.values().removeIf(last -> last.sequence < sequence);
    end = Math.max(end, sequence);
  }

  /** That event was given to the subscriber, or is not for it after all. */
  void forget(Entry.OfEvent event) {
    if (event.event.key().isPresent()) {
      latest.computeIfPresent(
          keyOf(event), (key, last) -> last.sequence == event.sequence ? null : last);
    }
  }

  private static Key keyOf(Entry.OfEvent event) {
    return new Key(event.event.topic(), event.event.key().orElseThrow());
  }

  private record Key(Topic topic, String key) {}

  /** The last event of a key that is ahead, and the first that was left out for it. */
  private static final class Latest {

    long sequence;
    long firstLeftOut;
    @Nullable EventId leftOutAfter;
  }
}
