package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Subscription.State;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a subscription that has fallen too far behind. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LagPolicyTest {

  private static final Topic TOPIC = Topic.of("project/42");
  private static final Duration LOOK = Duration.ofMillis(1100);

  private final ManualTimer timer = new ManualTimer();
  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker =
      new BrokerBuilder()
          .timer(timer)
          .clock(timer)
          .nanoClock(timer::nanos)
          .logEvents(64)
          .heartbeat(Duration.ofDays(1))
          .build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void boundsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> LagPolicy.RESYNC.maxEvents(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxEvents: 0 (expected: > 0)");
    assertThatThrownBy(() -> LagPolicy.RESYNC.maxBytes(-1))
        .hasMessage("maxBytes: -1 (expected: > 0)");
    assertThatThrownBy(() -> LagPolicy.RESYNC.maxAge(Duration.ZERO))
        .hasMessage("maxAge: PT0S (expected: > 0)");
    assertThat(LagPolicy.CONFLATE.maxEvents(5).maxBytes(6).kind())
        .isEqualTo(LagPolicy.Kind.CONFLATE);
    assertThat(LagPolicy.RESYNC.isBounded()).isFalse();
    assertThat(LagPolicy.RESYNC.maxEvents(5)).isEqualTo(LagPolicy.RESYNC.maxEvents(5));
  }

  @Test
  void whoLagsWithinItsBoundInEventsMissesNothing() {
    Subscription subscription = paused(LagPolicy.RESYNC.maxEvents(10));
    publish(10);

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 2 3 4 5 6 7 8 9 10");
  }

  @Test
  void whoLagsBeyondItsBoundInEventsIsResynced() {
    Subscription subscription = paused(LagPolicy.RESYNC.maxEvents(10));
    publish(11);

    wake(subscription);
    publish(1);
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow) 12");
    assertThat(subscriber.gaps().get(0).from()).contains(id(0));
    assertThat(subscriber.gaps().get(0).to()).isEqualTo(id(11));
  }

  @Test
  void aResyncWithALoaderBringsAFreshSnapshot() {
    Subscription subscription = subscribe(to(LagPolicy.RESYNC.maxEvents(3)).snapshot(state()));
    until(subscription, State.LIVE);
    subscriber.ready(false);
    publish(4);
    lane.runAll();

    subscriber.ready(true);
    subscription.wake();
    until(subscription, State.LIVE);

    assertThat(subscriber.recordWithoutBatches())
        .isEqualTo("snapshot(loaded) start gap(slow) snapshot(loaded) start");
  }

  @Test
  void whoIsNotReadyIsToldNothingEvenIfItIsWoken() {
    Subscription subscription = paused(LagPolicy.RESYNC.maxEvents(3));
    publish(10);

    subscription.wake();
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(State.PAUSED);
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start");
    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow)");
    assertThat(broker.stats().subscriptions().lagging()).isZero();
  }

  @Test
  void whoIsOvertakenWhileNotReadyIsStillToldWhereItsBatchEnds() {
    String begin = id(0).toString();
    subscriber.ready(false);
    Subscription subscription = subscribe(to(LagPolicy.RESYNC).lastEventId(begin));
    publishQuietly(broker, 100);

    lane.runAll();

    assertThat(subscription.state()).isEqualTo(State.PAUSED);
    assertThat(subscriber.record()).isEqualTo("start |");
  }

  @Test
  void aBoundInBytesCountsWhatTheLogHolds() {
    long each = Entry.OfEvent.bytes(Event.of(TOPIC, "t", "1"));
    Subscription subscription = paused(LagPolicy.RESYNC.maxBytes(3 * each));
    publish(3);
    wake(subscription);
    assertThat(subscriber.data()).containsExactly("1", "2", "3");

    subscriber.ready(false);
    publish(4);
    lane.runAll();
    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 2 3 gap(slow)");
  }

  @Test
  void oneEntryIsWithinABoundInBytesHoweverLarge() {
    Subscription subscription = paused(LagPolicy.RESYNC.maxBytes(1));
    publish(1);

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1");
  }

  @Test
  void aBoundOnAgeCountsFromTheOldestThatWasNotDelivered() {
    Subscription subscription = paused(LagPolicy.RESYNC.maxAge(Duration.ofSeconds(10)));
    publish(1);
    timer.advance(Duration.ofSeconds(10));
    wake(subscription);
    assertThat(subscriber.data()).containsExactly("1");

    subscriber.ready(false);
    publish(1);
    lane.runAll();
    timer.advance(Duration.ofMillis(10_001));
    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 gap(slow)");
  }

  @Test
  void aBoundInTimeThatNothingReachesIsNone() {
    Subscription subscription = paused(LagPolicy.RESYNC.maxAge(ChronoUnit.FOREVER.getDuration()));
    publish(1);

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1");
  }

  @Test
  void whoIsToBeDisconnectedIsSoWhileItSleeps() {
    Subscription subscription = paused(LagPolicy.DISCONNECT.maxAge(Duration.ofSeconds(10)));
    publish(1);
    timer.advance(Duration.ofSeconds(9));
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(State.PAUSED);

    timer.advance(Duration.ofSeconds(1).plus(LOOK));
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(slow)");
    assertThat(subscription.cursor()).isEqualTo(id(0));
    assertThat(broker.stats().subscriptions().lagging()).isZero();
  }

  @Test
  void nobodyIsWokenToLookAtLagWhereNobodyLags() {
    Subscription subscription = paused(LagPolicy.DISCONNECT.maxEvents(3));
    publish(1);
    lane.runAll();
    timer.advance(LOOK);
    assertThat(lane.waiting()).isEqualTo(1);
    timer.advance(LOOK);
    assertThat(lane.waiting()).isEqualTo(1);
    wake(subscription);

    timer.advance(LOOK.multipliedBy(10));

    assertThat(lane.waiting()).isZero();
  }

  @Test
  void whatAResumedRunHasToCatchUpWithIsNoLag() {
    publish(40);
    timer.advance(Duration.ofSeconds(60));
    Subscription subscription =
        subscribe(
            to(LagPolicy.DISCONNECT.maxEvents(5).maxAge(Duration.ofSeconds(5)))
                .lastEventId(id(0).toString()));
    subscriber.readyFor(10);
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(State.PAUSED);
    timer.advance(LOOK);
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(State.PAUSED);

    publish(6);
    timer.advance(LOOK);
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).endsWith("9 10 close(slow)");
  }

  @Test
  void aLiveOneThatWasArmedAheadOfItsLaneHasNotLostWhatTheLaneLost() {
    RecordingSubscriber ahead = new RecordingSubscriber();
    try (Broker larger = new BrokerBuilder().logEvents(256).build()) {
      RecordingSubscriber flooding =
          new RecordingSubscriber() {
            @Override
            public void onEvent(Delivery delivery) {
              if (delivery.event().data().equals("100")) {
                publishQuietly(larger, 200);
              }
            }
          };
      larger.subscribe(to(LagPolicy.RESYNC).build(), flooding);
      lane.runAll();
      publishQuietly(larger, 200);
      larger.subscribe(to(LagPolicy.RESYNC).build(), ahead);
      lane.runAll();

      assertThat(flooding.recordWithoutBatches()).startsWith("start gap(slow)");
      assertThat(ahead.gaps()).isEmpty();
      assertThat(ahead.data()).hasSize(200);
    }
    lane.runAll();
  }

  private void wake(Subscription subscription) {
    subscriber.ready(true);
    subscription.wake();
    lane.runAll();
  }

  private Subscription paused(LagPolicy policy) {
    Subscription subscription = subscribe(to(policy));
    lane.runAll();
    subscriber.ready(false);
    return subscription;
  }

  private void until(Subscription subscription, State wanted) {
    lane.runAll();
    while (subscription.state() != wanted) {
      lane.runAll();
      Thread.onSpinWait();
    }
  }

  private int published;

  private void publish(int count) {
    publishQuietly(broker, count);
    if (subscriber.started() != null) {
      lane.runAll();
    }
  }

  private void publishQuietly(Broker on, int count) {
    for (int i = 0; i < count; i++) {
      published++;
      on.publish(Event.of(TOPIC, "t", "" + published));
    }
  }

  private EventId id(long position) {
    return new EventId(broker.cursor().epoch(), position);
  }

  private Subscription subscribe(SubscribeRequest.Builder<?> request) {
    return broker.subscribe(request.build(), subscriber);
  }

  private SubscribeRequest.Builder<String> to(LagPolicy policy) {
    return SubscribeRequest.by(Authorized.principal("ann"))
        .filter(TopicFilter.ALL)
        .lagPolicy(policy)
        .lane(lane);
  }

  private static SnapshotSource<String> state() {
    return new SnapshotSource<>() {
      @Override
      public Snapshot load(String authorized, Duration timeout) {
        return Snapshot.of("state", "loaded");
      }

      @Override
      public Snapshot fallback(String authorized) {
        return Snapshot.of("state", "fallback");
      }
    };
  }
}
