package dev.eventbroker.pg;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What publishers say that they have published, and what they were answered. What they were not
 * answered may have happened or not; everything else is certain. Safe on any thread.
 */
final class WrittenHistory {

  /** What a publisher knows of an event. */
  enum Fate {
    /** It is there. */
    PUBLISHED,
    /** It was never published: rolled back, or refused. */
    NEVER,
    /** Either, for the answer was lost. */
    UNKNOWN
  }

  /**
   * One event.
   *
   * @param writer whose events keep their order; empty if it overlaps with others of its writer
   * @param data by which it is known
   * @param fate what is known of it
   * @param id the id that its publisher was told
   */
  record Written(Optional<String> writer, String data, Fate fate, Optional<String> id) {}

  private final List<Written> all = new ArrayList<>();

  synchronized void add(Optional<String> writer, String data, Fate fate, Optional<String> id) {
    all.add(new Written(writer, data, fate, id));
  }

  /** In the order of each writer. */
  synchronized List<Written> all() {
    return List.copyOf(all);
  }

  /** What was written; with a key, by several at once. */
  synchronized Set<String> data() {
    return all.stream().map(Written::data).collect(Collectors.toSet());
  }
}
