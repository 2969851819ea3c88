package dev.eventbroker;

import java.util.List;

/**
 * What an event is about: one or more levels joined by {@code /}, such as {@code project/42/board}.
 *
 * <p>A topic is at most {@value #MAX_BYTES} UTF-8 bytes and {@value #MAX_LEVELS} levels; no level
 * is empty, and none holds a control character, an unpaired surrogate or the wildcard character
 * {@code *}. Immutable; the hash is computed once.
 */
public final class Topic {

  /**
   * Longest topic or filter in UTF-8 bytes: long enough for ids in several levels, short enough for
   * a URL.
   */
  public static final int MAX_BYTES = 512;

  /** Most levels of a topic or filter: bounds the work of matching. */
  public static final int MAX_LEVELS = 32;

  private final String name;
  private final List<String> levels;
  private final int hash;

  private Topic(String name, List<String> levels) {
    this.name = name;
    this.levels = levels;
    this.hash = name.hashCode();
  }

  /**
   * The topic of that name.
   *
   * @throws IllegalArgumentException if the name breaks a rule of this class; the message says
   *     which
   */
  public static Topic of(String name) {
    List<String> levels = Levels.parse("topic", name);
    for (String level : levels) {
      if (level.indexOf('*') >= 0) {
        throw Levels.invalid("topic", name, "no '*', which belongs to filters");
      }
    }
    return new Topic(name, levels);
  }

  /** The levels from the first to the last; immutable and never empty. */
  public List<String> levels() {
    return levels;
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof Topic topic && hash == topic.hash && name.equals(topic.name));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  /** The name as it was given to {@link #of}. */
  @Override
  public String toString() {
    return name;
  }
}
