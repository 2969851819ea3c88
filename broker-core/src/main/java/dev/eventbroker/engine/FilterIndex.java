package dev.eventbroker.engine;

import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
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
 * <p>The worst case of a walk: at each level it may follow both the level itself and {@code *}, so
 * filters that were chosen to agree with a topic everywhere but at their end have it look at up to
 * 2^depth nodes, and never at more than there are filters times their levels. Whoever serves
 * filters of strangers bounds that with {@link BrokerBuilder#maxTopicLevels}.
 *
 * <p>Owned by one lane, and touched by its thread only.
 *
 * @param <T> a subscription
 */
final class FilterIndex<T> {

  private final Map<String, Members<T>> exact = new HashMap<>();
  private final Node<T> root = new Node<>(null, "");

  /** Puts a subscription under a filter; the result takes it out again. */
  Membership<T> add(T subscription, TopicFilter filter) {
    if (filter.isExact()) {
      String topic = filter.toString();
      return exact
          .computeIfAbsent(topic, same -> new Members<>(() -> exact.remove(topic)))
          .add(subscription);
    }
    Node<T> node = root;
    for (String level : filter.levels()) {
      Node<T> parent = node;
      node = parent.children.computeIfAbsent(level, same -> new Node<>(parent, level));
    }
    return node.members().add(subscription);
  }

  /**
   * Calls back with each group of subscriptions whose filter matches; a subscription may be in
   * several groups.
   */
  void match(Topic topic, Consumer<Members<T>> found) {
    Members<T> members = exact.get(topic.toString());
    if (members != null) {
      found.accept(members);
    }
    if (!root.children.isEmpty()) {
      match(root, topic.levels(), 0, found);
    }
  }

  private static <T> void match(
      Node<T> node, List<String> levels, int depth, Consumer<Members<T>> found) {
    Node<T> rest = node.children.get(TopicFilter.REST);
    if (rest != null) {
      rest.found(found);
    }
    if (depth == levels.size()) {
      node.found(found);
      return;
    }
    Node<T> one = node.children.get(TopicFilter.ONE);
    if (one != null) {
      match(one, levels, depth + 1, found);
    }
    Node<T> same = node.children.get(levels.get(depth));
    if (same != null) {
      match(same, levels, depth + 1, found);
    }
  }

  boolean isEmpty() {
    return exact.isEmpty() && root.children.isEmpty();
  }

  /** A level of the wildcard filters; it goes when nothing is left in it. */
  private static final class Node<T> {

    private final @Nullable Node<T> parent;
    private final String level;
    final Map<String, Node<T>> children = new HashMap<>();
    private @Nullable Members<T> members;

    Node(@Nullable Node<T> parent, String level) {
      this.parent = parent;
      this.level = level;
    }

    Members<T> members() {
      Members<T> mine = members;
      if (mine == null) {
        mine = new Members<>(this::emptied);
        members = mine;
      }
      return mine;
    }

    void found(Consumer<Members<T>> found) {
      if (members != null) {
        found.accept(members);
      }
    }

    private void emptied() {
      members = null;
      Node<T> node = this;
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
  static final class Members<T> {

    /** Which entries of the lane's current batch it was found for; owned by the lane. */
    long part;

    private final Runnable whenEmpty;
    private final List<Membership<T>> slots = new ArrayList<>();

    /** What is in the slots, beside them: who goes through them all touches nothing else. */
    private final List<T> subscriptions = new ArrayList<>();

    Members(Runnable whenEmpty) {
      this.whenEmpty = whenEmpty;
    }

    Membership<T> add(T subscription) {
      Membership<T> membership = new Membership<>(this, slots.size());
      slots.add(membership);
      subscriptions.add(subscription);
      return membership;
    }

    int size() {
      return slots.size();
    }

    T get(int index) {
      return subscriptions.get(index);
    }

    private void remove(Membership<T> membership) {
      Membership<T> last = slots.remove(slots.size() - 1);
      T lastSubscription = subscriptions.remove(subscriptions.size() - 1);
      if (last != membership) {
        slots.set(membership.slot, last);
        subscriptions.set(membership.slot, lastSubscription);
        last.slot = membership.slot;
      }
      if (slots.isEmpty()) {
        whenEmpty.run();
      }
    }
  }

  /** A subscription's place under one filter. */
  static final class Membership<T> {

    private final Members<T> members;
    private int slot;

    Membership(Members<T> members, int slot) {
      this.members = members;
      this.slot = slot;
    }

    /** Takes it out. Once. */
    void remove() {
      members.remove(this);
    }
  }

  /** All memberships of a list of filters; what is in it twice counts once. */
  List<Membership<T>> addAll(T subscription, List<TopicFilter> filters) {
    List<Membership<T>> memberships = new ArrayList<>(filters.size());
    for (int i = 0; i < filters.size(); i++) {
      TopicFilter filter = filters.get(i);
      if (filters.indexOf(filter) == i) {
        memberships.add(add(subscription, filter));
      }
    }
    return memberships;
  }
}
