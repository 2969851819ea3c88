package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.LogLines;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The clock that the host handed in throws on a lane: the lane goes on as if it had not. */
class BrokenClockTest {

  private static final Topic TOPIC = Topic.of("a");

  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker =
      new BrokerBuilder().clock(this::now).heartbeat(Duration.ofDays(1)).build();
  private final LogLines logged = new LogLines(GuardedClock.class.getName());

  private boolean broken;

  private Instant now() {
    if (broken) {
      throw new IllegalStateException("on purpose");
    }
    return Instant.EPOCH;
  }

  @AfterEach
  void close() {
    broken = false;
    broker.close();
    lane.runAll();
    logged.close();
  }

  @Test
  void noEventIsDeliveredAgainBecauseTheTimeOfItsBatchIsNotKnown() {
    subscribe(LagPolicy.RESYNC);
    publish("1");

    broken = true;
    runSome();
    broken = false;
    publish("2");
    runSome();

    assertThat(subscriber.data()).containsExactly("1", "2");
    assertThat(lane.waiting()).isZero();
    assertThat(logged.at(Level.WARN)).hasSize(1);
  }

  @Test
  void whoIsBoundedByAgeGoesOnWhereItWas() {
    Subscription subscription = subscribe(LagPolicy.RESYNC.maxAge(Duration.ofSeconds(10)));
    subscriber.ready(false);
    publish("1");
    runSome();

    broken = true;
    subscriber.ready(true);
    subscription.wake();
    runSome();

    assertThat(subscriber.data()).containsExactly("1");
    assertThat(subscription.state()).isEqualTo(Subscription.State.LIVE);
  }

  private Subscription subscribe(LagPolicy policy) {
    Subscription subscription =
        broker.subscribe(
            SubscribeRequest.by(Authorized.principal("ann"))
                .filters(List.of(TopicFilter.ALL))
                .lagPolicy(policy)
                .lane(lane)
                .build(),
            subscriber);
    runSome();
    return subscription;
  }

  private void publish(String data) {
    var unused = broker.publish(Event.of(TOPIC, "t", data));
  }

  /** Not all: a lane that does not get on would never be through. */
  private void runSome() {
    for (int i = 0; i < 100; i++) {
      try {
        lane.runOne();
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("on purpose");
      }
    }
  }
}
