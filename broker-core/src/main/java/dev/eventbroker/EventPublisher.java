package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.concurrent.Flow;
import java.util.function.Function;
import java.util.function.Supplier;

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
 * taken for whole. Cancelling closes the subscription.
 *
 * <p><b>Threads.</b> Signals come one after another: on the subscription's lane, and a gap or
 * snapshot that waited for demand on the thread that calls {@code request}. They must not block. A
 * Flow subscriber that throws, against its contract, is cancelled, and nobody else notices.
 */
public final class EventPublisher implements Flow.Publisher<EventPublisher.Item> {

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

    /** The place from which a new subscription goes on; empty if it did not come to start. */
    public Optional<EventId> cursor() {
      return cursor;
    }
  }
}
