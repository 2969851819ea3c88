package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.RecordingSubscriber;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A lane that its last subscription has left gives its thread to the lane that comes after it. */
class LaneSuccessionTest {

  private static final Topic TOPIC = Topic.of("project/42");
  private static final int PUBLISHERS = 3;

  private final Broker broker = new BrokerBuilder().lanes(1).build();
  private final ExecutorService publishers = Executors.newFixedThreadPool(PUBLISHERS);
  private volatile boolean over;

  @AfterEach
  void close() {
    over = true;
    publishers.shutdownNow();
    broker.close();
  }

  @Test
  void anAbandonedLaneDoesNotReadOnWhileItsSuccessorWaitsForTheThread() throws Exception {
    RecordingSubscriber successor = new RecordingSubscriber();
    RecordingSubscriber last =
        new RecordingSubscriber() {
          @Override
          public void onClose(CloseReason reason) {
            if (reason.equals(CloseReason.UNSUBSCRIBED)) {
              subscribe(successor); // on the lane's thread, and the lane is not in use any more
            }
          }
        };
    Subscription subscription = subscribe(last);
    last.when(seen -> seen.record().contains("start")).get(60, TimeUnit.SECONDS);
    for (int i = 0; i < PUBLISHERS; i++) {
      publishers.execute(this::publishUntilItIsOver);
    }

    subscription.close();

    successor.when(seen -> !seen.data().isEmpty()).get(30, TimeUnit.SECONDS);
    over = true;
    assertThat(successor.record()).startsWith("start");
  }

  private void publishUntilItIsOver() {
    while (!over) {
      var unused = broker.publish(Event.of(TOPIC, "t", "x"));
    }
  }

  private Subscription subscribe(Subscriber subscriber) {
    return broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann")).filter(TopicFilter.exactly(TOPIC)).build(),
        subscriber);
  }
}
