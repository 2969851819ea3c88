package dev.eventbroker.pg;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/** A broker with its backplane, as one of several nodes. */
final class Node implements AutoCloseable {

  static final Topic TOPIC = Topic.of("project/42/board");

  final PgBackplane backplane;
  final Broker broker;

  private Node(PgBackplane backplane) {
    this.backplane = backplane;
    this.broker = new BrokerBuilder().backplane(backplane).build();
  }

  static Node on(String schema) {
    return on(schema, TestDatabase.url(), UnaryOperator.identity());
  }

  /** With limits short enough for faults to be noticed within a test. */
  static Node hurried(String schema, int port) {
    return on(
        schema,
        TestDatabase.url(port),
        builder ->
            builder
                .canaryInterval(Duration.ofMillis(200))
                .canaryTimeout(Duration.ofMillis(500))
                .closeTimeout(Duration.ofSeconds(1)));
  }

  static Node on(String schema, String url, UnaryOperator<PgBackplane.Builder> more) {
    return new Node(more.apply(PgBackplane.builder(url).schema(schema)).build());
  }

  EventId publish(String data) throws Exception {
    return Await.of(broker.publish(event(data)));
  }

  static Event event(String data) {
    return Event.of(TOPIC, "changed", data);
  }

  /** How often a connection was lost and got back. */
  long reconnects() {
    return backplane.gauges().get("reconnects").longValue();
  }

  Received subscribe() {
    Received received = new Received();
    received.subscription = broker.subscribe(request().build(), received);
    return received;
  }

  Received resumeAfter(EventId id) {
    Received received = new Received();
    received.subscription =
        broker.subscribe(request().lastEventId(id.toString()).build(), received);
    return received;
  }

  private static SubscribeRequest.Builder<?> request() {
    return SubscribeRequest.by(Authorized.principal("somebody")).filter(TopicFilter.ALL);
  }

  @Override
  public void close() {
    broker.close(Duration.ZERO);
  }

  /** Remembers what it is told. */
  static final class Received implements Subscriber {

    final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
    final List<Gap> gaps = new CopyOnWriteArrayList<>();
    Subscription subscription;

    @Override
    public void onEvent(Delivery delivery) {
      deliveries.add(delivery);
    }

    @Override
    public void onGap(Gap gap) {
      gaps.add(gap);
    }

    List<String> data() {
      return deliveries.stream().map(delivery -> delivery.event().data()).toList();
    }

    List<EventId> ids() {
      return deliveries.stream().map(delivery -> delivery.id().orElseThrow()).toList();
    }

    Received await(int count) {
      Await.until(count + " events, now " + data(), () -> deliveries.size() >= count);
      return this;
    }
  }
}
