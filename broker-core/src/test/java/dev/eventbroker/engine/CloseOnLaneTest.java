package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * After {@code close()} has returned on the lane, a subscriber is told its end and nothing else.
 */
class CloseOnLaneTest {

  private final ManualExecutor lane = new ManualExecutor();
  private final ManualLoads loads = new ManualLoads();
  private final Broker broker =
      new BrokerBuilder().timer(new ManualTimer()).snapshotExecutor(loads).build();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final AtomicReference<Subscription> subscription = new AtomicReference<>();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void whoIsClosedByAnotherOfTheSameBatchGetsNothingOfIt() {
    broker.subscribe(
        request().build(),
        new RecordingSubscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            subscription.get().close();
          }
        });
    subscription.set(broker.subscribe(request().build(), subscriber));
    lane.runAll();

    publish();
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(unsubscribed)");
  }

  @Test
  void whoIsClosedWhileItsFallbackIsMadeIsNotShownIt() {
    SnapshotSource<String> closing =
        new SnapshotSource<>() {
          @Override
          public Snapshot load(String authorized, Duration timeout) {
            throw new IllegalStateException("on purpose");
          }

          @Override
          public Snapshot fallback(String authorized) {
            subscription.get().close();
            return Snapshot.of("state", "fallback");
          }
        };
    subscription.set(broker.subscribe(request().snapshot(closing).build(), subscriber));
    lane.runAll();
    loads.runOne(new SplittableRandom(1));
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("close(unsubscribed)");
  }

  private SubscribeRequest.Builder<String> request() {
    return SubscribeRequest.by(Authorized.principal("ann")).filter(TopicFilter.ALL).lane(lane);
  }

  private void publish() {
    broker.publish(Event.of(Topic.of("a"), "t", "a"));
  }
}
