package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Audience;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerStats;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Subscription.State;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What can be read of a broker at any moment. */
class BrokerStatsTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualExecutor lane = new ManualExecutor();
  private final Broker broker = new BrokerBuilder().logEvents(16).logBytes(1 << 20).build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void aNewBrokerHasCountedNothing() {
    BrokerStats stats = broker.stats();

    assertThat(stats.events().published()).isZero();
    assertThat(stats.events().allGaps()).isZero();
    assertThat(stats.events().flushes().batches()).isZero();
    assertThat(stats.log()).isEqualTo(new BrokerStats.LogStats(0, 16, 0, 1 << 20));
    assertThat(stats.subscriptions().open()).isZero();
    assertThat(stats.subscriptions().maxLag()).isZero();
    assertThat(stats.connections().open()).isZero();
    assertThat(stats.detached()).isEqualTo(new BrokerStats.DetachedStats(0, 0, 0, 0, 0));
    assertThat(stats.sources()).isEmpty();
  }

  @Test
  void eventsAreCountedOnceForTheLogAndOnceForEachSubscriber() {
    subscribe("ann", new RecordingSubscriber());
    subscribe("bob", new RecordingSubscriber());
    lane.runAll();

    broker.publish(Event.of(TOPIC, "t", "all"));
    broker.publish(Event.of(TOPIC, "t", "one").withAudience(Audience.of(Set.of("ann"))));
    lane.runAll();

    assertThat(broker.stats().events().published()).isEqualTo(2);
    assertThat(broker.stats().events().delivered()).isEqualTo(3);
    assertThat(broker.stats().events().filtered()).isEqualTo(1);
    assertThat(broker.stats().log().events()).isEqualTo(2);
    assertThat(broker.stats().log().bytes()).isPositive();
  }

  @Test
  void subscriptionsAreCountedInTheStateThatTheyAreIn() {
    RecordingSubscriber slow = new RecordingSubscriber();
    subscribe("ann", new RecordingSubscriber());
    subscribe("bob", slow);
    lane.runAll();
    slow.ready(false);
    publish(1);
    lane.runAll();
    Subscription closing = subscribe("cid", new RecordingSubscriber());
    closing.close();
    subscribe("dan", new RecordingSubscriber());

    BrokerStats.SubscriptionStats stats = broker.stats().subscriptions();

    assertThat(stats.states())
        .containsEntry(State.LIVE, 1)
        .containsEntry(State.PAUSED, 1)
        .containsEntry(State.CLOSED, 1)
        .containsEntry(State.ARMED, 1)
        .containsEntry(State.SNAPSHOT, 0)
        .hasSize(State.values().length);
    assertThat(stats.open()).isEqualTo(4);
    assertThat(stats.opened()).isEqualTo(4);
    assertThat(stats.lagging()).isEqualTo(1);
  }

  @Test
  void theLagIsThatOfTheOneFurthestBehindAndGoneWhenItHasCaughtUp() {
    RecordingSubscriber slow = new RecordingSubscriber();
    RecordingSubscriber slower = new RecordingSubscriber();
    subscribe("ann", new RecordingSubscriber());
    Subscription first = subscribe("bob", slow);
    Subscription second = subscribe("cid", slower);
    lane.runAll();
    slower.ready(false);
    publish(5);
    lane.runAll();
    slow.ready(false);
    publish(2);
    lane.runAll();

    assertThat(broker.stats().subscriptions().maxLag()).isEqualTo(7);
    slower.ready(true);
    second.wake();
    lane.runAll();
    assertThat(broker.stats().subscriptions().maxLag()).isEqualTo(2);
    slow.ready(true);
    first.wake();
    lane.runAll();
    assertThat(broker.stats().subscriptions().maxLag()).isZero();
  }

  @Test
  void aLaneThatDoesNotRunLagsWithAllThatLiveOnIt() {
    subscribe("ann", new RecordingSubscriber());
    lane.runAll();

    publish(9);

    assertThat(broker.stats().subscriptions().lagging()).isZero();
    assertThat(broker.stats().subscriptions().maxLag()).isEqualTo(9);
  }

  private Subscription subscribe(String principal, RecordingSubscriber subscriber) {
    return broker.subscribe(
        SubscribeRequest.by(Authorized.principal(principal))
            .filter(TopicFilter.exactly(TOPIC))
            .lane(lane)
            .build(),
        subscriber);
  }

  private void publish(int count) {
    for (int i = 0; i < count; i++) {
      broker.publish(Event.of(TOPIC, "t", "x"));
    }
  }
}
