package dev.eventbroker.engine;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The widenings of one subscription that are on their way to its lane. Each of them ends, even if
 * the lane does not run any more. Safe for several threads.
 */
final class Widenings {

  private int filters; // guarded by this

  /** Hardly any subscription ever has one. */
  private List<Widening> pending = List.of(); // guarded by this

  Widenings(int filters) {
    this.filters = filters;
  }

  /**
   * One more, whose filters count from now on.
   *
   * @param since revocations from this sequence on came after the decision; empty if not known
   * @throws IllegalArgumentException if there are too many filters, or none
   */
  synchronized Widening begin(List<TopicFilter> more, OptionalLong since) {
    int room = SubscribeRequest.MAX_FILTERS - filters;
    if (more.isEmpty() || more.size() > room) {
      throw new IllegalArgumentException(
          "filters: " + more.size() + " more (expected: 1 to " + room + ")");
    }
    filters += more.size();
    Widening widening = new Widening(more, since);
    pending = new ArrayList<>(pending);
    pending.add(widening);
    return widening;
  }

  private synchronized List<Widening> pending() {
    return pending;
  }

  /** Takes it off; whether it was still on. */
  private synchronized boolean remove(Widening widening) {
    List<Widening> left = new ArrayList<>(pending);
    boolean removed = left.remove(widening);
    pending = left;
    return removed;
  }

  /** Takes it off, and its filters don't count any more; whether it was still on. */
  private synchronized boolean giveBack(Widening widening) {
    if (!remove(widening)) {
      return false;
    }
    filters -= widening.more.size();
    return true;
  }

  /** The subscription is over. */
  void refuseAll(String principal) {
    for (Widening widening : pending()) {
      widening.refuse(new BrokerException.Closed("subscription of " + principal));
    }
  }

  /** Some more filters, and what becomes of them. */
  final class Widening {

    final List<TopicFilter> more;
    final OptionalLong since;
    private final CompletableFuture<EventId> armed = new CompletableFuture<>();

    private Widening(List<TopicFilter> more, OptionalLong since) {
      this.more = more;
      this.since = since;
    }

    CompletionStage<EventId> stage() {
      return armed.minimalCompletionStage();
    }

    void complete(EventId place) {
      var unused = remove(this);
      armed.complete(place);
    }

    void refuse(BrokerException cause) {
      if (giveBack(this)) {
        armed.completeExceptionally(cause);
      }
    }
  }
}
