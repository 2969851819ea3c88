package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Audience;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.EventSource;
import dev.eventbroker.Inbound;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Subscription.State;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SubscriptionTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker = new BrokerBuilder().logEvents(16).build();

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void whatIsPublishedAfterSubscribingIsDeliveredInOrderAndABatchEndsOnce() {
    publish("before");
    Subscription subscription = subscribe(to("project/*"));
    publish("a", "b");

    assertThat(subscription.state()).isEqualTo(State.ARMED);
    lane.runAll();
    publish("c");
    lane.runAll();

    assertThat(subscriber.record()).isEqualTo("start a b | c |");
    assertThat(subscription.state()).isEqualTo(State.LIVE);
    assertThat(broker.stats().events().delivered()).isEqualTo(3);
  }

  @Test
  void anEventThatTwoFiltersMatchIsDeliveredOnce() {
    subscribe(to("project/*").filter(TopicFilter.of("**")).filter(TopicFilter.of("project/42")));
    lane.runAll();

    publish("a");
    lane.runAll();

    assertThat(subscriber.data()).containsExactly("a");
  }

  @Test
  void eventsOfSeveralTopicsKeepTheirOrder() {
    subscribe(to("a").filter(TopicFilter.of("b/*")));
    lane.runAll();

    for (int i = 0; i < 10; i++) {
      broker.publish(Event.of(Topic.of(i % 2 == 0 ? "a" : "b/c"), "t", "" + i));
      broker.publish(Event.of(Topic.of("other"), "t", "no"));
      if (i % 3 == 0) {
        lane.runAll();
      }
    }
    lane.runAll();

    assertThat(subscriber.data()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
  }

  @Test
  void aSubscriberThatIsNotReadyIsJustARememberedPlace() {
    Subscription subscription = subscribe(to("**"));
    publish("a");
    lane.runAll();
    subscriber.ready(false);
    publish("b", "c");
    lane.runAll();

    assertThat(subscription.state()).isEqualTo(State.PAUSED);
    assertThat(broker.stats().subscriptions().lagging()).isEqualTo(1);
    assertThat(subscription.cursor()).isEqualTo(subscriber.deliveries().get(0).cursor());
    subscriber.ready(true);
    subscription.wake();
    publish("d");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a b c d");
    assertThat(broker.stats().subscriptions().lagging()).isZero();
  }

  @Test
  void whatTheLogHasMovedPastIsAGapAndTheRunGoesOnFromNow() {
    Subscription subscription = subscribe(to("**"));
    publish("a");
    lane.runAll();
    EventId last = subscription.cursor();
    subscriber.ready(false);
    publishMany(100);
    lane.runAll();

    subscriber.ready(true);
    subscription.wake();
    lane.runAll();
    publish("z");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a gap(slow) z");
    assertThat(subscriber.gaps().get(0).from()).contains(last);
    assertThat(subscriber.gaps().get(0).to().position()).isEqualTo(101);
    assertThat(broker.stats().events().allGaps()).isEqualTo(1);
  }

  @Test
  void whoAsksToBeDisconnectedInsteadIsClosed() {
    Subscription subscription = subscribe(to("**").lagPolicy(LagPolicy.DISCONNECT));
    lane.runAll();
    subscriber.ready(false);
    publishMany(100);
    lane.runAll();

    subscriber.ready(true);
    subscription.wake();
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(slow)");
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void aLaneThatTheLogHasMovedPastTellsEveryoneOnItAGap() {
    RecordingSubscriber other = new RecordingSubscriber();
    subscribe(to("**"));
    broker.subscribe(to("**").build(), other);
    lane.runAll();

    publishMany(100);
    lane.runAll();
    publish("z");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow) z");
    assertThat(other.recordWithoutBatches()).isEqualTo("start gap(slow) z");
  }

  @Test
  void aRunResumesRightAfterTheLastId() {
    publish("a", "b", "c");
    EventId afterA = new EventId(broker.cursor().epoch(), 1);

    Subscription subscription = subscribe(to("**").lastEventId(afterA.toString()));
    publish("d");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start b c d");
    assertThat(subscriber.started()).isEqualTo(afterA);
    assertThat(subscription.cursor()).isEqualTo(broker.cursor());
  }

  @Test
  void anIdThatCannotBeResumedFromOpensWithAGapAndNotWithAnError() {
    publishMany(100);
    String epoch = broker.cursor().epoch();
    assertThat(firstWords(epoch + ".1")).isEqualTo("gap(expired) start");
    assertThat(firstWords("other.5")).isEqualTo("gap(epoch) start");
    assertThat(firstWords(epoch + ".101")).isEqualTo("gap(epoch) start");
    assertThat(firstWords("no id at all\n")).isEqualTo("gap(epoch) start");
  }

  private String firstWords(String lastEventId) {
    RecordingSubscriber fresh = new RecordingSubscriber();
    broker.subscribe(to("**").lastEventId(lastEventId).build(), fresh);
    lane.runAll();
    return fresh.recordWithoutBatches();
  }

  @Test
  void theCursorMovesPastEventsThatAreNotForThisSubscriber() {
    Subscription subscription = subscribe(to("project/42"));
    lane.runAll();

    broker.publish(Event.of(Topic.of("other"), "t", "x"));
    broker.publish(Event.of(TOPIC, "t", "secret").withAudience(Audience.of(List.of("bob"))));
    lane.runAll();

    assertThat(subscriber.data()).isEmpty();
    assertThat(subscription.cursor()).isEqualTo(broker.cursor());
    assertThat(broker.stats().events().filtered()).isEqualTo(1);
  }

  @Test
  void localEventsHaveNoIdAndAreNotReplayed() {
    publish("a");
    Subscription subscription = subscribe(to("**"));
    broker.publishLocal(Event.of(TOPIC, "typing", "local"));
    lane.runAll();
    publish("b");

    RecordingSubscriber resumed = new RecordingSubscriber();
    broker.subscribe(to("**").lastEventId(subscription.cursor().toString()).build(), resumed);
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start local b");
    assertThat(subscriber.deliveries().get(0).id()).isEmpty();
    assertThat(resumed.recordWithoutBatches()).isEqualTo("start b");
  }

  @Test
  void aSubscriberThatThrowsIsClosedAndOthersNeverNotice() {
    RecordingSubscriber bad =
        new RecordingSubscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            throw new IllegalStateException("on purpose");
          }
        };
    broker.subscribe(to("**").build(), bad);
    subscribe(to("**"));

    publish("a", "b");
    lane.runAll();

    assertThat(bad.recordWithoutBatches()).isEqualTo("start close(failed)");
    assertThat(subscriber.data()).containsExactly("a", "b");
    assertThat(broker.stats().subscriptions().open()).isEqualTo(1);
  }

  @Test
  void afterCloseOnTheLaneNothingMoreIsDelivered() {
    Subscription[] holder = new Subscription[1];
    RecordingSubscriber closing =
        new RecordingSubscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            super.onEvent(delivery);
            holder[0].close();
            holder[0].close();
          }
        };
    holder[0] = broker.subscribe(to("**").build(), closing);

    publish("a", "b");
    lane.runAll();

    assertThat(closing.record()).isEqualTo("start a close(unsubscribed)");
    assertThat(holder[0].state()).isEqualTo(State.CLOSED);
  }

  @Test
  void closingTheBrokerClosesEverySubscription() {
    subscribe(to("**"));
    lane.runAll();

    broker.close();
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(shutdown)");
    assertThatThrownBy(() -> subscribe(to("**"))).isInstanceOf(BrokerException.Closed.class);
    assertThatThrownBy(() -> publish("a")).isInstanceOf(BrokerException.Closed.class);
  }

  @Test
  void whenALanesExecutorIsGoneItsSubscriptionsEndOnAThreadOfTheBroker() throws Exception {
    subscribe(to("**"));
    lane.runAll();
    lane.stop();

    publish("a");

    subscriber
        .when(seen -> seen.record().contains("close(shutdown)"))
        .get(60, java.util.concurrent.TimeUnit.SECONDS);
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void aSourceThatMayHaveMissedSomethingIsAGapForWhoAsksForItsTopics() {
    Inbound[] feed = new Inbound[1];
    broker.attach(
        new EventSource() {
          @Override
          public void start(Inbound inbound) {
            feed[0] = inbound;
          }

          @Override
          public SourceStatus status() {
            return new SourceStatus("test", SourceStatus.State.UP, "");
          }

          @Override
          public void close() {}
        });
    RecordingSubscriber other = new RecordingSubscriber();
    subscribe(to("project/**"));
    broker.subscribe(to("other").build(), other);
    lane.runAll();

    feed[0].event(Event.of(TOPIC, "t", "a"));
    feed[0].gap(TopicFilter.of("project/*"));
    feed[0].event(Event.of(TOPIC, "t", "b"));
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a gap(source) b");
    assertThat(other.recordWithoutBatches()).isEqualTo("start");
  }

  @Test
  void anEventIsEncodedOnceForAllSubscribers() {
    int[] encodings = {0};
    Delivery.Encoder<String> encoder =
        delivery -> {
          encodings[0]++;
          return delivery.event().data() + "!";
        };
    for (int i = 0; i < 3; i++) {
      broker.subscribe(
          to("**").build(),
          new RecordingSubscriber() {
            @Override
            public void onEvent(Delivery delivery) {
              assertThat(delivery.encodedBy(encoder)).isEqualTo("a!");
              super.onEvent(delivery);
            }
          });
    }

    publish("a");
    lane.runAll();

    assertThat(encodings[0]).isEqualTo(1);
    assertThat(broker.stats().events().delivered()).isEqualTo(3);
  }

  @Test
  void requestsThatMakeNoSenseAreRefusedWithTheRule() {
    assertThatThrownBy(() -> SubscribeRequest.by(Authorized.principal("ann")).build())
        .hasMessage("filters: 0 (expected: 1 to 100)");
    assertThatThrownBy(() -> new BrokerBuilder().logEvents(0))
        .hasMessage("logEvents: 0 (expected: 16 to 67108864)");
    assertThatThrownBy(() -> new BrokerBuilder().heartbeat(java.time.Duration.ZERO))
        .hasMessage("heartbeat: PT0S (expected: > 0)");
    assertThat(subscribe(to("a")).state()).isNotEqualTo(State.CLOSED);
    assertThat(CloseReason.SLOW.retryable()).isTrue();
  }

  private Subscription subscribe(SubscribeRequest.Builder<?> request) {
    return broker.subscribe(request.build(), subscriber);
  }

  private SubscribeRequest.Builder<String> to(String filter) {
    return SubscribeRequest.by(Authorized.principal("ann"))
        .filter(TopicFilter.of(filter))
        .lane(lane);
  }

  private void publish(String... data) {
    for (String one : data) {
      broker.publish(Event.of(TOPIC, "t", one));
    }
  }

  private void publishMany(int count) {
    for (int i = 0; i < count; i++) {
      publish("x");
    }
  }
}
