package dev.eventbroker.pg;

import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.pg.SeenHistory.Told;
import dev.eventbroker.pg.WrittenHistory.Fate;
import dev.eventbroker.pg.WrittenHistory.Written;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Holds what subscribers of all nodes have seen against what publishers were answered. Knows the
 * promise and nothing of outbox and sequencer: the one order is what subscribers are told of it,
 * and what the database shows is only asked for what nobody was listening to.
 */
final class PgHistoryChecker {

  /**
   * An event in the order of the database.
   *
   * @param position dense, from 1
   */
  record Ordered(long position, String topic, String data) {}

  private final String epoch;
  private final List<Ordered> order;
  private final List<String> violations = new ArrayList<>();
  private int gaps;
  private int delivered;

  PgHistoryChecker(String epoch, List<Ordered> order) {
    this.epoch = epoch;
    this.order = order;
  }

  List<String> violations() {
    return List.copyOf(violations);
  }

  int gaps() {
    return gaps;
  }

  int delivered() {
    return delivered;
  }

  /** Committed is there once; rolled back never; ids dense; each writer's events in its order. */
  void check(WrittenHistory written) {
    Map<String, Long> positions = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      Ordered ordered = order.get(i);
      if (ordered.position() != i + 1) {
        wrong("position " + ordered.position() + " (expected: " + (i + 1) + ")");
      }
      if (positions.put(ordered.data(), ordered.position()) != null) {
        wrong("two positions for " + ordered.data());
      }
    }
    Set<String> unheardOf = new HashSet<>(positions.keySet());
    unheardOf.removeAll(written.data());
    unheardOf.forEach(data -> wrong("nobody wrote " + data));

    Map<String, Long> last = new HashMap<>();
    for (Written event : written.all()) {
      Optional<Long> position = Optional.ofNullable(positions.get(event.data()));
      checkFate(event, position);
      if (event.writer().isPresent() && position.isPresent()) {
        Long before = last.put(event.writer().get(), position.get());
        if (before != null && before > position.get()) {
          wrong("out of the order of its writer: " + event + " at " + position.get());
        }
      }
    }
  }

  private void checkFate(Written event, Optional<Long> position) {
    if (event.fate() == Fate.PUBLISHED && position.isEmpty()) {
      wrong("lost: " + event);
    }
    if (event.fate() == Fate.NEVER && position.isPresent()) {
      wrong("published though its publisher was told that it is not: " + event);
    }
    if (event.id().isPresent() && position.isPresent()) {
      String id = new EventId(epoch, position.get()).toString();
      if (!event.id().get().equals(id)) {
        wrong("its publisher was told " + event.id().get() + ", and it is " + id);
      }
    }
  }

  /**
   * A contiguous run of what was asked for, in the one order, under the one id; or gaps.
   *
   * @param complete whether it has to have come to the end
   */
  void check(SeenHistory seen, boolean complete) {
    // The position that the run has come to; unknown until something says it.
    Optional<Long> place = Optional.empty();
    boolean started = false;
    for (Told told : seen.told()) {
      if (told instanceof Told.Start start) {
        requireEpoch(seen, start.cursor());
        if (place.isEmpty() && seen.asked.isPresent() && !seen.asked.get().equals(start.cursor())) {
          wrong(seen, "starts at " + start.cursor() + " without a gap");
        }
        if (started) {
          wrong(seen, "starts twice");
        }
        started = true;
        place = Optional.of(Math.max(place.orElse(0L), start.cursor().position()));
      } else if (told instanceof Told.Broken broken) {
        gaps++;
        place = Optional.of(afterGap(seen, place, broken.gap()));
      } else if (told instanceof Told.Seen event) {
        delivered++;
        place = Optional.of(afterEvent(seen, place, event));
      }
    }
    if (complete) {
      if (!started) {
        wrong(seen, "never started");
      }
      requireNothingBetween(seen, place.orElse(0L), order.size() + 1L, "the end");
    }
  }

  private long afterGap(SeenHistory seen, Optional<Long> place, Gap gap) {
    requireEpoch(seen, gap.to());
    if (gap.from().isPresent() && gap.from().get().epoch().equals(epoch) && place.isPresent()) {
      requireNothingBetween(
          seen, place.get(), gap.from().get().position() + 1, "the beginning of " + gap);
    }
    if (place.isPresent() && gap.to().position() < place.get()) {
      wrong(seen, "goes back from " + place.get() + " in " + gap);
    }
    return gap.to().position();
  }

  private long afterEvent(SeenHistory seen, Optional<Long> place, Told.Seen event) {
    if (event.id().isEmpty()) {
      wrong(seen, "no id: " + event);
      return place.orElse(0L);
    }
    EventId id = event.id().get();
    requireEpoch(seen, id);
    long position = id.position();
    if (position < 1
        || position > order.size()
        || !order
            .get((int) position - 1)
            .equals(new Ordered(position, event.topic(), event.data()))) {
      wrong(seen, event + " is not what has that id");
      return place.orElse(0L);
    }
    if (place.isEmpty()) {
      wrong(seen, "an event before the start: " + event);
    }
    if (position <= place.orElse(0L)) {
      wrong(seen, "twice or out of order: " + event + " after " + place.get());
    }
    requireNothingBetween(seen, place.orElse(0L), position, event.toString());
    return position;
  }

  private void requireNothingBetween(SeenHistory seen, long after, long before, String what) {
    for (long position = after + 1; position < before && position <= order.size(); position++) {
      Ordered skipped = order.get((int) position - 1);
      if (isAsked(seen.filter, skipped.topic())) {
        wrong(seen, "left out before " + what + ": " + skipped);
      }
    }
  }

  /** The place of the last event that it has to be told. */
  long lastFor(TopicFilter filter) {
    return order.stream()
        .filter(ordered -> isAsked(filter, ordered.topic()))
        .mapToLong(Ordered::position)
        .max()
        .orElse(0);
  }

  private static boolean isAsked(TopicFilter filter, String topic) {
    return filter.matches(Topic.of(topic));
  }

  private void requireEpoch(SeenHistory seen, EventId id) {
    if (!id.epoch().equals(epoch)) {
      wrong(seen, "another epoch than " + epoch + ": " + id);
    }
  }

  private void wrong(SeenHistory seen, String what) {
    wrong(what + "; " + seen.name);
  }

  private void wrong(String what) {
    violations.add(what);
  }
}
