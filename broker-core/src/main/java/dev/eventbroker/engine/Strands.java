package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The log sorted by topic: a {@link Strand} for each topic that has an event in the log, and one
 * for everything that is no event. A strand comes with the first event of its topic and goes with
 * the last, so this is as bounded as the log is.
 *
 * <p>Written under the log's lock. Readers find strands by filter without a lock, in a tree of the
 * topics' levels; what is put in or taken out meanwhile they may or may not see.
 */
final class Strands {

  /**
   * What a topic takes as long as it has a strand: the strand, its slots, its place in the tree.
   */
  static final int TOPIC_BYTES = 300;

  private final Strand control = new Strand();
  private final Level root = new Level(null, "");
  private final Map<Topic, Strand> byTopic = new HashMap<>(); // under the log's lock

  // ---- Under the log's lock

  /** Notes an event of that topic. */
  void add(Topic topic, long sequence) {
    Strand strand = byTopic.get(topic);
    if (strand != null) {
      strand.add(sequence);
      return;
    }
    strand = new Strand();
    strand.add(sequence); // before anybody can find it
    byTopic.put(topic, strand);
    plant(topic, strand);
  }

  /** The oldest event of that topic is gone. */
  void removeOldest(Topic topic) {
    Strand left = byTopic.computeIfPresent(topic, (same, strand) -> strand.withoutOldest());
    if (left == null) {
      uproot(topic);
    }
  }

  /** How many topics have events. */
  int topics() {
    return byTopic.size();
  }

  /** What the topics take, estimated. */
  long bytes() {
    return (long) TOPIC_BYTES * byTopic.size();
  }

  private void plant(Topic topic, Strand strand) {
    Level level = root;
    for (String name : topic.levels()) {
      level = level.child(name);
    }
    level.strand = strand;
  }

  private void uproot(Topic topic) {
    Level level = root;
    for (String name : topic.levels()) {
      level = level.child(name);
    }
    level.strand = null;
    level.prune();
  }

  // ---- Any thread

  /** What is no event: gaps and revocations. */
  Strand control() {
    return control;
  }

  /**
   * Finds the strands of the topics that a filter matches.
   *
   * @param atMost how many levels of the tree may be looked at
   * @return false if that was not enough: some may not have been found
   */
  boolean find(TopicFilter filter, long atMost, Consumer<Strand> found) {
    return new Search(filter.levels(), atMost, found).in(root, 0);
  }

  /** Whether nothing is kept of what was put in. */
  boolean isEmpty() {
    return root.isLeaf() && control.isEmpty();
  }

  /** One search along a filter. */
  private static final class Search {

    private final List<String> levels;
    private final Consumer<Strand> found;
    private long left;

    Search(List<String> levels, long atMost, Consumer<Strand> found) {
      this.levels = levels;
      this.left = atMost;
      this.found = found;
    }

    boolean in(Level level, int depth) {
      if (left-- <= 0) {
        return false;
      }
      boolean rest = depth == levels.size() - 1 && levels.get(depth).equals(TopicFilter.REST);
      if (rest || depth == levels.size()) {
        Strand strand = level.strand;
        if (strand != null) {
          found.accept(strand);
        }
      }
      if (depth == levels.size()) {
        return true;
      }
      if (rest) {
        return inAll(level.children(), depth);
      }
      if (levels.get(depth).equals(TopicFilter.ONE)) {
        return inAll(level.children(), depth + 1);
      }
      Level child = level.childOrNull(levels.get(depth));
      return child == null || in(child, depth + 1);
    }

    private boolean inAll(Collection<Level> children, int depth) {
      for (Level child : children) {
        if (!in(child, depth)) {
          return false;
        }
      }
      return true;
    }
  }

  /** A level of the topics; it goes when nothing is left in it. */
  private static final class Level {

    private final @Nullable Level parent;
    private final String name;
    volatile @Nullable Strand strand;

    /** There is a map once a second child has come: most levels of most topics have but one. */
    private volatile @Nullable Map<String, Level> many;

    /** The first child, as long as it is there; who finds no map looks here, so not after here. */
    private volatile @Nullable Level one;

    Level(@Nullable Level parent, String name) {
      this.parent = parent;
      this.name = name;
    }

    boolean isLeaf() {
      return many == null && one == null;
    }

    @Nullable Level childOrNull(String childName) {
      Map<String, Level> known = many;
      if (known != null) {
        return known.get(childName);
      }
      Level only = one;
      return only != null && only.name.equals(childName) ? only : null;
    }

    Collection<Level> children() {
      Map<String, Level> known = many;
      if (known != null) {
        return known.values();
      }
      Level only = one;
      return only == null ? List.of() : List.of(only);
    }

    /** The child of that name, which comes if it is not there. */
    Level child(String childName) {
      Level known = childOrNull(childName);
      if (known != null) {
        return known;
      }
      Level child = new Level(this, childName);
      Map<String, Level> map = many;
      Level only = one;
      if (map != null) {
        map.put(childName, child);
      } else if (only == null) {
        one = child;
      } else {
        map = new ConcurrentHashMap<>();
        map.put(only.name, only);
        map.put(childName, child);
        many = map;
      }
      return child;
    }

    /** Takes this level out, and those above that only led to it. */
    void prune() {
      Level level = this;
      while (level.parent != null && level.strand == null && level.isLeaf()) {
        level.parent.remove(level);
        level = level.parent;
      }
    }

    private void remove(Level child) {
      Map<String, Level> map = many;
      if (map != null) {
        map.remove(child.name);
        if (map.isEmpty()) {
          many = null;
        }
      }
      if (one == child) {
        one = null;
      }
    }
  }
}
