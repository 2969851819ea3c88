package dev.eventbroker;

import dev.eventbroker.EventPublisher.Ended;
import dev.eventbroker.EventPublisher.Item;
import java.util.Optional;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One Flow subscription on one side, and one of the broker's on the other. */
final class FlowBridge implements Subscriber, Flow.Subscription {

  // Any thread.
  private final AtomicReference<Flow.@Nullable Subscriber<? super Item>> flow;
  private final AtomicReference<@Nullable Subscription> subscription = new AtomicReference<>();
  private final AtomicReference<@Nullable Throwable> misuse = new AtomicReference<>();
  private final AtomicLong demand = new AtomicLong();

  /** Who raises it from zero signals what waits, and goes on for those who came meanwhile. */
  private final AtomicInteger signalling = new AtomicInteger();

  /** Set by the lane; cleared by who signals, after it was signalled. */
  private final AtomicReference<@Nullable Waiting> waiting = new AtomicReference<>();

  private volatile @Nullable CloseReason closed;

  FlowBridge(Flow.Subscriber<? super Item> subscriber) {
    flow = new AtomicReference<>(subscriber);
  }

  void begin(Function<Subscriber, Subscription> broker) {
    if (flow.get() == null) {
      return; // cancelled before it began
    }
    if (misuse.get() == null) {
      try {
        subscription.set(broker.apply(this));
      } catch (RuntimeException e) {
        misuse.compareAndSet(null, e);
      }
    }
    Subscription mine = subscription.get();
    if (mine == null) {
      closed = CloseReason.UNSUBSCRIBED;
      signal();
    } else if (flow.get() == null || misuse.get() != null) {
      mine.close();
    } else {
      mine.wake(); // what was asked for before there was anybody to wake
    }
  }

  // ---- The Flow side, any thread

  @Override
  public void request(long items) {
    if (items <= 0) {
      misuse.compareAndSet(
          null, new IllegalArgumentException("request: " + items + " (expected: > 0; rule 3.9)"));
      close();
      return;
    }
    demand.getAndUpdate(now -> now + items < 0 ? Long.MAX_VALUE : now + items);
    signal();
    Subscription mine = subscription.get();
    if (mine != null) {
      mine.wake();
    }
  }

  @Override
  public void cancel() {
    flow.set(null);
    close();
  }

  private void close() {
    Subscription mine = subscription.get();
    if (mine != null) {
      mine.close();
    }
  }

  // ---- The broker's side, on the lane

  @Override
  public boolean ready() {
    return waiting.get() == null && demand.get() > 0;
  }

  @Override
  public void onEvent(Delivery delivery) {
    next(new Item.OfEvent(delivery));
  }

  @Override
  public void onGap(Gap gap) {
    waiting.updateAndGet(before -> Waiting.of(before, gap));
    signal();
  }

  @Override
  public void onSnapshot(Snapshot snapshot, EventId cursor) {
    waiting.updateAndGet(before -> Waiting.of(before, new Item.OfSnapshot(snapshot, cursor)));
    signal();
  }

  @Override
  public void onClose(CloseReason reason) {
    closed = reason;
    signal();
  }

  // ---- Signals, one at a time

  /** Signals what waits, as far as it is asked for, and the end. */
  private void signal() {
    if (signalling.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    while (seen != 0) {
      signalWaiting();
      signalEnd();
      seen = signalling.addAndGet(-seen);
    }
  }

  private void signalWaiting() {
    Waiting now = waiting.get();
    while (now != null && closed == null && demand.get() > 0) {
      next(now.first());
      // The lane may have made it wider meanwhile: then that is told as well.
      waiting.compareAndSet(now, now.rest());
      now = waiting.get();
    }
  }

  private void signalEnd() {
    CloseReason reason = closed;
    if (reason == null) {
      return;
    }
    Flow.Subscriber<? super Item> last = flow.getAndSet(null);
    waiting.set(null);
    if (last == null) {
      return;
    }
    Throwable wrong = misuse.get();
    if (wrong != null) {
      last.onError(wrong);
    } else if (reason.equals(CloseReason.SHUTDOWN) || reason.equals(CloseReason.UNSUBSCRIBED)) {
      last.onComplete();
    } else {
      Optional<EventId> cursor = Optional.ofNullable(subscription.get()).map(Subscription::cursor);
      last.onError(new Ended(reason, cursor));
    }
  }

  private void next(Item item) {
    Flow.Subscriber<? super Item> to = flow.get();
    if (to == null) {
      return;
    }
    demand.getAndUpdate(now -> now == Long.MAX_VALUE ? now : now - 1);
    try {
      to.onNext(item);
    } catch (Throwable e) {
      cancel();
      throw e;
    }
  }

  /** A gap, a snapshot, or first the one and then the other. */
  private record Waiting(@Nullable Gap gap, Item.@Nullable OfSnapshot snapshot) {

    static Waiting of(@Nullable Waiting before, Gap gap) {
      Gap known = before == null ? null : before.gap;
      // A snapshot that nobody has seen yet is older than this gap.
      return new Waiting(known == null ? gap : wider(known, gap), null);
    }

    static Waiting of(@Nullable Waiting before, Item.OfSnapshot snapshot) {
      return new Waiting(before == null ? null : before.gap, snapshot);
    }

    private static Gap wider(Gap one, Gap next) {
      TopicFilter scope = one.scope().equals(next.scope()) ? one.scope() : TopicFilter.ALL;
      return new Gap(one.reason(), one.from(), next.to(), scope);
    }

    Item first() {
      if (gap != null) {
        return new Item.OfGap(gap);
      }
      if (snapshot == null) {
        throw new AssertionError("neither");
      }
      return snapshot;
    }

    @Nullable Waiting rest() {
      return gap != null && snapshot != null ? new Waiting(null, snapshot) : null;
    }
  }
}
