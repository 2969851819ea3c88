package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Connection;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.ManualTimer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * A broker whose time the test turns, and a subscriber of everything. What blocks runs on the
 * thread that causes it.
 */
final class TestNode implements AutoCloseable {

  /** Half way: with it no interval is jittered. */
  private static final RandomGenerator NO_JITTER = () -> 1L << 63;

  private static final Topic END = Topic.of("end");
  private static final long PATIENCE_SECONDS = 20;

  final ManualTimer timer = new ManualTimer();
  final Broker broker =
      new BrokerBuilder()
          .timer(timer)
          .clock(timer)
          .nanoClock(timer::nanos)
          .random(NO_JITTER)
          .build();
  final MemorySessionStore store = new MemorySessionStore(timer);
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  TestNode() {
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("reader")).filter(TopicFilter.of("**")).build(),
        new Subscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            events.add(delivery.event());
          }

          @Override
          public void onGap(Gap gap) {
            throw new AssertionError(gap);
          }
        });
  }

  EditSessions.Builder sessions() {
    return sessions(store);
  }

  EditSessions.Builder sessions(SessionStore ofAllNodes) {
    return EditSessions.builder(broker, ofAllNodes)
        .timer(timer)
        .random(NO_JITTER)
        .executor(Runnable::run);
  }

  Connection connect(String owner) {
    return broker.connections().open("ann", Optional.of(owner));
  }

  /** The next events, awaited; in the order of their topic. */
  List<Event> takeEvents(int count) {
    List<Event> taken = new ArrayList<>();
    while (taken.size() < count) {
      taken.add(take());
    }
    return taken;
  }

  /** Whatever was handed to the broker before has been delivered, and there was nothing. */
  void expectNoMoreEvents(String... topics) {
    for (String topic : topics) {
      broker.detached().publish(Event.of(Topic.of(topic), "end", "")).toCompletableFuture().join();
    }
    broker.detached().publish(Event.of(END, "end", "")).toCompletableFuture().join();
    Event event = take();
    while (!event.topic().equals(END)) {
      assertThat(event.type()).isEqualTo("end");
      event = take();
    }
  }

  private Event take() {
    try {
      Event event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertThat(event).as("an event").isNotNull();
      return event;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    broker.close();
  }
}
