package dev.eventbroker;

import java.util.List;

/**
 * Which topics a subscription asks for: a topic in which {@code *} stands for exactly one level,
 * and a last level {@code **} for any number of further levels, none included. {@code
 * project/*}{@code /board} and {@code project/**} are filters; {@code project/**}{@code /board} and
 * {@code pro*} are not.
 *
 * <p>The limits are those of {@link Topic}. Immutable.
 */
public final class TopicFilter {

  /** Stands for one level. */
  public static final String ONE = "*";

  /** Stands for the rest of a topic; only as the last level. */
  public static final String REST = "**";

  /** The filter that matches every topic. */
  public static final TopicFilter ALL = of(REST);

  /** The other way to write {@link #ALL}. */
  private static final List<String> ALL_SPELT_OUT = List.of(ONE, REST);

  private final String name;
  private final List<String> levels;
  private final boolean exact;

  private TopicFilter(String name, List<String> levels, boolean exact) {
    this.name = name;
    this.levels = levels;
    this.exact = exact;
  }

  /**
   * The filter of that name.
   *
   * @throws IllegalArgumentException if the name breaks a rule of this class; the message says
   *     which
   */
  public static TopicFilter of(String name) {
    List<String> levels = Levels.parse("filter", name);
    boolean exact = true;
    for (int i = 0; i < levels.size(); i++) {
      String level = levels.get(i);
      if (level.indexOf('*') < 0) {
        continue;
      }
      exact = false;
      if (level.equals(REST) && i < levels.size() - 1) {
        throw Levels.invalid("filter", name, "'**' only as the last level");
      }
      if (!level.equals(REST) && !level.equals(ONE)) {
        throw Levels.invalid("filter", name, "'*' or '**' as a whole level");
      }
    }
    return new TopicFilter(name, levels, exact);
  }

  /** The filter that matches this topic and no other. */
  public static TopicFilter exactly(Topic topic) {
    return new TopicFilter(topic.toString(), topic.levels(), true);
  }

  /** The levels, wildcards as they were written; immutable and never empty. */
  public List<String> levels() {
    return levels;
  }

  /** Whether the filter has no wildcard, and so matches one topic only. */
  public boolean isExact() {
    return exact;
  }

  /** Whether the topic is one that this filter asks for. */
  public boolean matches(Topic topic) {
    if (exact) {
      return name.equals(topic.toString());
    }
    List<String> others = topic.levels();
    for (int i = 0; i < levels.size(); i++) {
      String level = levels.get(i);
      if (level.equals(REST)) {
        return true;
      }
      if (i >= others.size() || !(level.equals(ONE) || level.equals(others.get(i)))) {
        return false;
      }
    }
    return levels.size() == others.size();
  }

  /** Whether there is a topic that both filters ask for. */
  public boolean intersects(TopicFilter other) {
    List<String> others = other.levels;
    for (int i = 0; ; i++) {
      boolean ended = i >= levels.size();
      boolean otherEnded = i >= others.size();
      if ((!ended && levels.get(i).equals(REST)) || (!otherEnded && others.get(i).equals(REST))) {
        return true;
      }
      if (ended || otherEnded) {
        return ended && otherEnded;
      }
      String level = levels.get(i);
      String otherLevel = others.get(i);
      if (!level.equals(ONE) && !otherLevel.equals(ONE) && !level.equals(otherLevel)) {
        return false;
      }
    }
  }

  /**
   * Whether every topic that the other filter asks for is one that this filter asks for too. Holds
   * exactly then: {@code *}{@code /**} covers {@code **} as well, for no topic is without a level.
   */
  public boolean covers(TopicFilter other) {
    List<String> others = other.levels;
    for (int i = 0; i < levels.size(); i++) {
      String level = levels.get(i);
      if (level.equals(REST)) {
        return true;
      }
      if (i >= others.size()) {
        return false;
      }
      String otherLevel = others.get(i);
      if (otherLevel.equals(REST)) {
        return i == 0 && levels.equals(ALL_SPELT_OUT);
      }
      if (!level.equals(ONE) && !level.equals(otherLevel)) {
        return false;
      }
    }
    return levels.size() == others.size();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TopicFilter filter && name.equals(filter.name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  /** The name as it was given to {@link #of}. */
  @Override
  public String toString() {
    return name;
  }
}
