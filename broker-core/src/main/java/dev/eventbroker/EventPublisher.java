package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker as a {@link Flow.Publisher}. Each {@link #subscribe} makes a subscription of its own; it
 * is armed when that returns, so nothing published from then on is missed.
 *
 * <p><b>Demand is readiness.</b> Events are not queued here: while none is asked for, the
 * subscription is not {@link Subscriber#ready} and just remembers its place in the log. If the log
 * moves past it, its {@link LagPolicy} decides, as for every subscriber.
 *
 * <p><b>A gap is an item.</b> A run is contiguous or says where it was broken; a stream of bare
 * events would lose that second half. So the items are of a sealed type. The first gap and the
 * snapshot come whether or not somebody asked for an item; they wait for demand, one of each: a
 * second gap makes the waiting one wider, and a fresh snapshot takes the place of an older one.
 *
 * <p><b>The end.</b> The stream completes when the broker shuts down. When the broker ends this
 * subscription alone (too slow, revoked), it fails with {@link Ended}: what just completed would be
 * taken for whole. What still waits for demand at the end is not told; {@link Ended#cursor} is from
 * before it. Cancelling closes the subscription.
 *
 * <p><b>Threads.</b> Signals come one after another: on the subscription's lane, and a gap or
 * snapshot that waited for demand on the thread that calls {@code request}. They must not block. A
 * Flow subscriber that throws, against its contract, is cancelled ({@link CloseReason#FAILED}), and
 * nobody else notices, not even who called {@code request}.
 */
public final class EventPublisher implements Flow.Publisher<EventPublisher.Item> {

  private static final Logger log = LoggerFactory.getLogger(EventPublisher.class);

  private final Function<Subscriber, Subscription> broker;

  EventPublisher(Function<Subscriber, Subscription> broker) {
    this.broker = broker;
  }

  /** Every subscriber gets what that request asks for. */
  public static EventPublisher of(Broker broker, SubscribeRequest request) {
    requireNonNull(request, "request");
    return of(broker, () -> request);
  }

  /**
   * Every subscriber gets what a request of its own asks for: with a decision of its own, or its
   * own id to go on from. What the supplier throws fails that subscriber's stream.
   */
  public static EventPublisher of(Broker broker, Supplier<SubscribeRequest> requests) {
    requireNonNull(broker, "broker");
    requireNonNull(requests, "requests");
    return new EventPublisher(subscriber -> broker.subscribe(requests.get(), subscriber));
  }

  @Override
  public void subscribe(Flow.Subscriber<? super Item> subscriber) {
    requireNonNull(subscriber, "subscriber");
    FlowBridge bridge = new FlowBridge(subscriber);
    subscriber.onSubscribe(bridge);
    bridge.begin(broker);
  }

  /** What comes out of the stream: one of the three. */
  public sealed interface Item {

    /** {@link Subscriber#onEvent}. */
    record OfEvent(Delivery delivery) implements Item {}

    /** {@link Subscriber#onGap}. */
    record OfGap(Gap gap) implements Item {}

    /** {@link Subscriber#onSnapshot}. */
    record OfSnapshot(Snapshot snapshot, EventId cursor) implements Item {}
  }

  /** The broker ended the subscription, for a reason of its own. */
  public static final class Ended extends BrokerException {

    private static final long serialVersionUID = 1L;

    private final transient CloseReason reason;
    private final transient Optional<EventId> cursor;

    Ended(CloseReason reason, Optional<EventId> cursor) {
      super("subscription: " + reason.code() + ", " + reason.text() + " (expected: open)");
      this.reason = reason;
      this.cursor = cursor;
    }

    /** Why. */
    public CloseReason reason() {
      return reason;
    }

    /**
     * The place from which a new subscription goes on, with nothing in between that this one was
     * not told. Empty if there is none: it did not come to start, or a snapshot, or a gap from an
     * unknown place, waited and was not asked for. A new subscription then starts as this one did.
     */
    public Optional<EventId> cursor() {
      return cursor;
    }
  }

  /** One Flow subscription on one side, and one of the broker's on the other. */
  private static final class FlowBridge implements Subscriber, Flow.Subscription {

    // Any thread.
    private final AtomicReference<Flow.@Nullable Subscriber<? super Item>> flow;
    private final AtomicReference<@Nullable Subscription> subscription = new AtomicReference<>();
    private final AtomicReference<@Nullable Throwable> misuse = new AtomicReference<>();
    private final AtomicLong demand = new AtomicLong();

    /** Who raises it from zero signals what waits, and goes on for those who came meanwhile. */
    private final AtomicInteger signalling = new AtomicInteger();

    /** Set by the lane; cleared by who signals, after it was signalled. */
    private final AtomicReference<@Nullable Waiting> waiting = new AtomicReference<>();

    /** The broker's side is known, or it is known that there is none; not before is an end told. */
    private volatile boolean begun;

    /** Where there is a snapshot, it was there; before that no place is one to go on from. */
    private volatile boolean started;

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
      }
      begun = true;
      signal();
      if (mine == null) {
        return;
      }
      if (flow.get() == null || misuse.get() != null) {
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
        close(CloseReason.UNSUBSCRIBED);
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
      close(CloseReason.UNSUBSCRIBED);
    }

    private void close(CloseReason reason) {
      Subscription mine = subscription.get();
      if (mine != null) {
        mine.close(reason);
      }
    }

    // ---- The broker's side, on the lane

    @Override
    public boolean ready() {
      return waiting.get() == null && demand.get() > 0;
    }

    @Override
    public void onStart(EventId cursor) {
      started = true;
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
        Item item = now.first();
        guarded(() -> next(item));
        // The lane may have made it wider meanwhile: then that is told as well.
        waiting.compareAndSet(now, now.rest());
        now = waiting.get();
      }
    }

    private void signalEnd() {
      CloseReason reason = closed;
      if (reason == null || !begun) {
        return;
      }
      Flow.Subscriber<? super Item> last = flow.getAndSet(null);
      Waiting untold = waiting.getAndSet(null);
      if (last != null) {
        guarded(() -> signalEnd(last, reason, untold));
      }
    }

    private void signalEnd(
        Flow.Subscriber<? super Item> last, CloseReason reason, @Nullable Waiting untold) {
      Throwable wrong = misuse.get();
      if (wrong != null) {
        last.onError(wrong);
      } else if (reason.equals(CloseReason.SHUTDOWN) || reason.equals(CloseReason.UNSUBSCRIBED)) {
        last.onComplete();
      } else {
        last.onError(new Ended(reason, wholeUpTo(untold)));
      }
    }

    private Optional<EventId> wholeUpTo(@Nullable Waiting untold) {
      if (untold != null) {
        return untold.wholeUpTo();
      }
      return Optional.ofNullable(subscription.get())
          .filter(mine -> started)
          .map(Subscription::cursor);
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
        flow.set(null);
        close(CloseReason.FAILED);
        throw e;
      }
    }

    /**
     * On the lane or not: what it throws is neither the broker's nor that of who asked for more.
     */
    private void guarded(Runnable signal) {
      try {
        signal.run();
      } catch (Throwable e) {
        log.warn("a Flow subscriber threw, and is cancelled", e);
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

      /** A snapshot that was not told is missing, and no place to go on from brings it. */
      Optional<EventId> wholeUpTo() {
        return gap == null ? Optional.empty() : gap.from();
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
}
