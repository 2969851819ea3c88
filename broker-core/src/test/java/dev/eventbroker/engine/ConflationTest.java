package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Audience;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Revocation;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A slow subscriber that asks for it gets the latest per topic and key of what is left. */
class ConflationTest {

  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker = new BrokerBuilder().logEvents(8192).build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void whoKeepsUpGetsEverything() {
    subscribe(LagPolicy.CONFLATE);
    publish("a", "k", "1");
    publish("a", "k", "2");
    lane.runAll();
    publish("a", "k", "3");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 2 3");
  }

  @Test
  void whoWasNotReadyGetsTheLatestOfEachTopicAndKey() {
    Subscription subscription = paused(broker, LagPolicy.CONFLATE);
    publish("a", "k", "old");
    publish("b", "k", "b");
    publish("a", "other", "other");
    broker.publish(Event.of(Topic.of("a"), "t", "nokey1"));
    publish("a", "k", "new");
    broker.publish(Event.of(Topic.of("a"), "t", "nokey2"));
    lane.runAll();

    wake(subscription);
    publish("a", "k", "x");
    publish("a", "k", "y");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start b other nokey1 new nokey2 x y");
    assertThat(subscription.cursor()).isEqualTo(broker.cursor());
  }

  @Test
  void anEventThatItMayNotSeeTakesNobodysPlace() {
    Subscription subscription = paused(broker, LagPolicy.CONFLATE);
    publish("a", "k", "mine");
    broker.publish(event("a", "k", "bobs").withAudience(Audience.of(List.of("bob"))));
    lane.runAll();

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start mine");
  }

  @Test
  void whoPausesOnTheWayIsConflatedFurtherWithWhatCameSince() {
    Subscription subscription = paused(broker, LagPolicy.CONFLATE);
    publish("a", "1", "1");
    publish("a", "2", "2");
    publish("a", "3", "3");
    lane.runAll();
    subscriber.readyFor(1);
    subscription.wake();
    lane.runAll();
    publish("a", "2", "2b");
    publish("a", "1", "1b");
    lane.runAll();

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 3 2b 1b");
  }

  @Test
  void moreKeysThanItRemembersAreConflatedPieceByPiece() {
    Subscription subscription = paused(broker, LagPolicy.CONFLATE);
    int keys = Conflation.MAX_KEYS + 100;
    for (int round = 1; round <= 3; round++) {
      for (int key = 0; key < keys; key++) {
        publish("a", "k" + key, key + "." + round);
      }
    }
    publish("a", "k0", "0.4");
    lane.runAll();

    wake(subscription);

    assertThat(subscriber.data()).doesNotHaveDuplicates().contains("0.4");
    for (int key = 1; key < keys; key++) {
      assertThat(subscriber.data()).contains(key + ".3");
    }
    assertThat(subscription.state()).isEqualTo(Subscription.State.LIVE);
    assertThat(subscription.cursor()).isEqualTo(broker.cursor());
  }

  @Test
  void aGapThatWasToldDoesNotWaitForALongLookAhead() {
    Subscription subscription = paused(broker, LagPolicy.CONFLATE.maxEvents(8000));
    for (int i = 1; i <= 8100; i++) {
      publish("a", "k" + i % 3, "" + i);
    }
    lane.runAll();

    subscriber.ready(true);
    subscription.wake();
    lane.runOne();

    assertThat(subscriber.record()).isEqualTo("start | gap(slow) |");
  }

  @Test
  void aGapOfARevocationBeginsBeforeWhatWasLeftOutForWhatItHid() {
    Subscription subscription = paused(broker, LagPolicy.CONFLATE);
    publish("a", "k", "1");
    publish("b", "k", "2");
    publish("b", "other", "3");
    publish("a", "k", "4");
    lane.runAll();
    subscriber.readyFor(1);
    subscription.wake();
    lane.runAll();
    assertThat(subscriber.data()).containsExactly("2");
    broker.publish(new Revocation("ann", TopicFilter.of("a")));
    lane.runAll();

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 2 3 gap(revoked)");
    assertThat(subscriber.gaps().get(0).from()).contains(new EventId(epoch(broker), 0));
  }

  @Test
  void whatTheLogHasMovedPastIsAGapUpToTheOldestThatIsLeft() {
    try (Broker small = new BrokerBuilder().logEvents(16).build()) {
      Subscription subscription = paused(small, LagPolicy.CONFLATE);
      for (int i = 1; i <= 100; i++) {
        small.publish(event("a", "k" + i % 3, "" + i));
      }
      lane.runAll();

      wake(subscription);

      assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow) 98 99 100");
      assertThat(subscriber.gaps().get(0).from()).contains(new EventId(epoch(small), 0));
      assertThat(subscriber.gaps().get(0).to()).isEqualTo(new EventId(epoch(small), 84));
      assertThat(subscription.cursor()).isEqualTo(small.cursor());
      subscription.close();
      lane.runAll();
    }
  }

  @Test
  void aBoundSaysHowMuchOfThePastIsLeft() {
    Subscription subscription = paused(broker, LagPolicy.CONFLATE.maxEvents(4));
    for (int i = 1; i <= 10; i++) {
      publish("a", "k" + i % 3, "" + i);
    }
    lane.runAll();

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow) 8 9 10");
    assertThat(subscriber.gaps().get(0).to()).isEqualTo(new EventId(epoch(broker), 6));
  }

  @Test
  void aLaneThatTheLogHasMovedPastLeavesTheRestToWhoConflates() {
    try (Broker small = new BrokerBuilder().logEvents(16).build()) {
      Subscription subscription = small.subscribe(request(LagPolicy.CONFLATE), subscriber);
      lane.runAll();
      for (int i = 1; i <= 100; i++) {
        small.publish(event("a", "k" + i % 3, "" + i));
      }
      lane.runAll();

      assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow) 98 99 100");
      subscription.close();
      lane.runAll();
    }
  }

  private static String epoch(Broker of) {
    return of.cursor().epoch();
  }

  private Subscription paused(Broker on, LagPolicy policy) {
    Subscription subscription = on.subscribe(request(policy), subscriber);
    lane.runAll();
    subscriber.ready(false);
    return subscription;
  }

  private void wake(Subscription subscription) {
    subscriber.ready(true);
    subscription.wake();
    lane.runAll();
  }

  private void subscribe(LagPolicy policy) {
    var unused = broker.subscribe(request(policy), subscriber);
  }

  private SubscribeRequest request(LagPolicy policy) {
    return SubscribeRequest.by(Authorized.principal("ann"))
        .filter(TopicFilter.ALL)
        .lagPolicy(policy)
        .lane(lane)
        .build();
  }

  private void publish(String topic, String key, String data) {
    broker.publish(event(topic, key, data));
  }

  private static Event event(String topic, String key, String data) {
    return Event.of(Topic.of(topic), "t", data).withKey(key);
  }
}
