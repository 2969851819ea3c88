package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the subscriptions whose filters match a topic. Filters without a wildcard are one map
 * look-up; the others are a tree of levels, walked along the topic, so the cost depends on the
 * depth of the topic and on what matches, not on how many subscriptions there are. Adding and
 * removing costs the same beside none and beside a million.
 *
 * <p>Owned by one lane, and touched by its thread only.
 */
final class FilterIndex {

  private final Map<Topic, Members> exact = new HashMap<>();
  private final Node root = new Node(null, "");

  /** Puts a subscription under a filter; the result takes it out again. */
  Membership add(LaneSubscription subscription, TopicFilter filter) {
    if (filter.isExact()) {
      Topic topic = Topic.of(filter.toString());
      return exact
          .computeIfAbsent(topic, same -> new Members(() -> exact.remove(topic)))
          .add(subscription);
    }
    Node node = root;
    for (String level : filter.levels()) {
      Node parent = node;
      node = parent.children.computeIfAbsent(level, same -> new Node(parent, level));
    }
    return node.members().add(subscription);
  }

  /**
   * Calls back with each group of subscriptions whose filter matches; a subscription may be in
   * several groups.
   */
  void match(Topic topic, Consumer<Members> found) {
    Members members = exact.get(topic);
    if (members != null) {
      found.accept(members);
    }
    if (!root.children.isEmpty()) {
      match(root, topic.levels(), 0, found);
    }
  }

  private static void match(Node node, List<String> levels, int depth, Consumer<Members> found) {
    Node rest = node.children.get(TopicFilter.REST);
    if (rest != null) {
      rest.found(found);
    }
    if (depth == levels.size()) {
      node.found(found);
      return;
    }
    Node one = node.children.get(TopicFilter.ONE);
    if (one != null) {
      match(one, levels, depth + 1, found);
    }
    Node same = node.children.get(levels.get(depth));
    if (same != null) {
      match(same, levels, depth + 1, found);
    }
  }

  boolean isEmpty() {
    return exact.isEmpty() && root.children.isEmpty();
  }

  /** A level of the wildcard filters; it goes when nothing is left in it. */
  private static final class Node {

    private final @Nullable Node parent;
    private final String level;
    final Map<String, Node> children = new HashMap<>();
    private @Nullable Members members;

    Node(@Nullable Node parent, String level) {
      this.parent = parent;
      this.level = level;
    }

    Members members() {
      Members mine = members;
      if (mine == null) {
        mine = new Members(this::emptied);
        members = mine;
      }
      return mine;
    }

    void found(Consumer<Members> found) {
      if (members != null) {
        found.accept(members);
      }
    }

    private void emptied() {
      members = null;
      Node node = this;
      while (node.parent != null && node.members == null && node.children.isEmpty()) {
        node.parent.children.remove(node.level);
        node = node.parent;
      }
    }
  }

  /**
   * The subscriptions of one filter: a dense array, from which one is removed by moving the last
   * into its slot.
   */
  static final class Members {

    private static final int FIRST_SIZE = 4;

    private final Runnable whenEmpty;
    private @Nullable Membership[] slots = new @Nullable Membership[FIRST_SIZE];
    private int size;

    Members(Runnable whenEmpty) {
      this.whenEmpty = whenEmpty;
    }

    Membership add(LaneSubscription subscription) {
      if (size == slots.length) {
        slots = Arrays.copyOf(slots, size * 2);
      }
      Membership membership = new Membership(subscription, this, size);
      slots[size++] = membership;
      return membership;
    }

    int size() {
      return size;
    }

    LaneSubscription get(int index) {
      Membership membership = slots[index];
      if (membership == null) {
        throw new IndexOutOfBoundsException("index: " + index + " (expected: < " + size + ")");
      }
      return membership.subscription;
    }

    private void remove(Membership membership) {
      Membership last = slots[--size];
      slots[size] = null;
      if (last != null && last != membership) {
        slots[membership.slot] = last;
        last.slot = membership.slot;
      }
      if (size == 0) {
        whenEmpty.run();
      }
    }
  }

  /** A subscription's place under one filter. */
  static final class Membership {

    private final LaneSubscription subscription;
    private final Members members;
    private int slot;

    Membership(LaneSubscription subscription, Members members, int slot) {
      this.subscription = subscription;
      this.members = members;
      this.slot = slot;
    }

    /** Takes it out. Once. */
    void remove() {
      members.remove(this);
    }
  }

  /** All memberships of a list of filters. */
  List<Membership> addAll(LaneSubscription subscription, List<TopicFilter> filters) {
    List<Membership> memberships = new ArrayList<>(filters.size());
    for (TopicFilter filter : filters) {
      memberships.add(add(subscription, filter));
    }
    return memberships;
  }
}
