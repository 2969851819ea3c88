package dev.eventbroker.engine;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The widenings of one subscription that are on their way to its lane. Each of them ends, even if
 * the lane does not run any more. Safe for several threads.
 */
final class Widenings {

  private final AtomicInteger filters;
  private final Set<Widening> pending = ConcurrentHashMap.newKeySet();

  Widenings(int filters) {
    this.filters = new AtomicInteger(filters);
  }

  /**
   * One more, whose filters count from now on.
   *
   * @param since revocations from this sequence on came after the decision; empty if not known
   * @throws IllegalArgumentException if there are too many filters, or none
   */
  Widening begin(List<TopicFilter> more, OptionalLong since) {
    int room = SubscribeRequest.MAX_FILTERS;
    int before = filters.getAndUpdate(now -> now + more.size() <= room ? now + more.size() : now);
    if (more.isEmpty() || before + more.size() > room) {
      throw new IllegalArgumentException(
          "filters: " + more.size() + " more (expected: 1 to " + (room - before) + ")");
    }
    Widening widening = new Widening(more, since);
    pending.add(widening);
    return widening;
  }

  /** The subscription is over. */
  void refuseAll(String reason) {
    pending.forEach(widening -> widening.refuse(new BrokerException.Closed(reason)));
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
      pending.remove(this);
      armed.complete(place);
    }

    void refuse(BrokerException cause) {
      if (pending.remove(this)) {
        filters.addAndGet(-more.size());
        armed.completeExceptionally(cause);
      }
    }
  }
}
