package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Audience;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Subscription.State;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A subscription that gets its part of a batch in one loop can change its mind in the midst. */
class FastPathTest {

  private static final Topic TOPIC = Topic.of("project/42");
  private static final Authorized<String> ANN = Authorized.principal("ann");

  private final ManualExecutor lane = new ManualExecutor();
  private final Broker broker = new BrokerBuilder().build();
  private final RecordingSubscriber neighbour = new RecordingSubscriber();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void whoIsReadyAndNotReadyAndReadyInOneBatchMissesNothingAndGetsNothingTwice() {
    Queue<Boolean> answers = new ArrayDeque<>();
    RecordingSubscriber subscriber =
        new RecordingSubscriber() {
          @Override
          public boolean ready() {
            return answers.isEmpty() || answers.remove();
          }
        };
    Subscription subscription = ride(subscriber);
    ride(neighbour);
    answers.addAll(List.of(true, false, true, true));

    EventId a = publish("a");
    publish("b", "c", "d");
    lane.runAll();

    assertThat(subscriber.data()).containsExactly("warm", "warm", "a");
    assertThat(subscription.state()).isEqualTo(State.PAUSED);
    assertThat(subscription.cursor()).isEqualTo(a);
    subscription.wake();
    lane.runAll();
    EventId last = publish("e");
    lane.runAll();
    assertThat(subscriber.data()).containsExactly("warm", "warm", "a", "b", "c", "d", "e");
    assertThat(subscription.cursor()).isEqualTo(last);
    assertThat(neighbour.data()).containsExactly("warm", "a", "b", "c", "d", "e");
  }

  @Test
  void whoHasAnotherFilterGetsAnotherPartOfTheSameBatch() {
    Topic elsewhere = Topic.of("project/43");
    RecordingSubscriber here = new RecordingSubscriber();
    RecordingSubscriber there = new RecordingSubscriber();
    RecordingSubscriber everywhere = new RecordingSubscriber();
    ride(here, TopicFilter.exactly(TOPIC));
    ride(there, TopicFilter.exactly(elsewhere));
    ride(everywhere, TopicFilter.of("project/*"));

    for (String batch : List.of("1", "2")) {
      publish("a" + batch);
      var unused = broker.publish(Event.of(elsewhere, "t", "b" + batch));
      publish("c" + batch);
      lane.runAll();
    }

    assertThat(here.record()).endsWith("a1 c1 | a2 c2 |");
    assertThat(there.record()).isEqualTo("start | b1 | b2 |");
    assertThat(everywhere.record()).endsWith("a1 b1 c1 | a2 b2 c2 |");
  }

  @Test
  void anEventForOthersBetweenTwoForEverybodyIsLeftOutAlone() {
    RecordingSubscriber subscriber = new RecordingSubscriber();
    ride(subscriber);

    publish("a");
    var unused = broker.publish(event("for bob").withAudience(Audience.of(Set.of("bob"))));
    publish("b");
    lane.runAll();
    publish("c");
    lane.runAll();

    assertThat(subscriber.record()).isEqualTo("start | warm | a b | c |");
    assertThat(broker.stats().events().delivered()).isEqualTo(4);
    assertThat(broker.stats().events().filtered()).isEqualTo(1);
  }

  @Test
  void whoClosesItselfInTheMidstOfABatchGetsNoMoreOfItAndHasItsPlaceThere() {
    Closing subscriber = new Closing("b");
    subscriber.self = ride(subscriber);
    ride(neighbour);

    publish("a");
    EventId b = publish("b");
    publish("c", "d");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches())
        .isEqualTo("start warm warm a b close(unsubscribed)");
    assertThat(subscriber.self.cursor()).isEqualTo(b);
    assertThat(neighbour.data()).containsExactly("warm", "a", "b", "c", "d");
    assertThat(broker.stats().events().delivered()).isEqualTo(4 + 5);
  }

  @Test
  void whoIsClosedByItsNeighbourInTheMidstOfABatchGetsNothingOfIt() {
    Closing closing = new Closing("b");
    ride(closing);
    closing.self = ride(neighbour);
    EventId warm = broker.cursor();

    publish("a", "b", "c");
    lane.runAll();

    assertThat(closing.data()).containsExactly("warm", "warm", "a", "b", "c");
    assertThat(neighbour.recordWithoutBatches()).isEqualTo("start warm close(unsubscribed)");
    assertThat(closing.self.cursor()).isEqualTo(warm);
  }

  @Test
  void whoThrowsInTheMidstOfABatchHasItsPlaceBeforeWhatItThrewAt() {
    RecordingSubscriber subscriber =
        new RecordingSubscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            super.onEvent(delivery);
            if (delivery.event().data().equals("b")) {
              throw new IllegalStateException("on purpose");
            }
          }
        };
    Subscription subscription = ride(subscriber);
    ride(neighbour);

    EventId a = publish("a");
    publish("b", "c");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start warm warm a b close(failed)");
    assertThat(subscription.cursor()).isEqualTo(a);
    assertThat(neighbour.data()).containsExactly("warm", "a", "b", "c");
  }

  @Test
  void whoAsksForTheSameTwiceGetsItOnce() {
    TopicFilter filter = TopicFilter.exactly(TOPIC);
    RecordingSubscriber subscriber = new RecordingSubscriber();
    Subscription subscription =
        broker.subscribe(
            SubscribeRequest.by(ANN).filter(filter).filter(filter).lane(lane).build(), subscriber);
    lane.runAll();
    publish("a");
    lane.runAll();

    var unused = subscription.widen(ANN.asOf(broker.cursor()), List.of(filter, filter));
    lane.runAll();
    publish("b", "c");
    lane.runAll();

    assertThat(subscriber.record()).isEqualTo("start | a | b c |");
  }

  /** Subscribes it; everybody has had an event when that returns, and rides the lane's batches. */
  private Subscription ride(RecordingSubscriber subscriber) {
    return ride(subscriber, TopicFilter.exactly(TOPIC));
  }

  private Subscription ride(RecordingSubscriber subscriber, TopicFilter filter) {
    Subscription subscription =
        broker.subscribe(SubscribeRequest.by(ANN).filter(filter).lane(lane).build(), subscriber);
    lane.runAll();
    publish("warm");
    lane.runAll();
    return subscription;
  }

  /** The id of the last one. */
  private EventId publish(String... data) {
    for (String one : data) {
      var unused = broker.publish(event(one));
    }
    return broker.cursor();
  }

  private static Event event(String data) {
    return Event.of(TOPIC, "t", data);
  }

  /** Closes a subscription when it gets a certain event. */
  private static final class Closing extends RecordingSubscriber {

    private final String when;
    private Subscription self;

    Closing(String when) {
      this.when = when;
    }

    @Override
    public void onEvent(Delivery delivery) {
      super.onEvent(delivery);
      if (delivery.event().data().equals(when)) {
        self.close();
      }
    }
  }
}
