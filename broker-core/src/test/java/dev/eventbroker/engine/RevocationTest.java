package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Revocation;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Subscription.State;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** After a revocation nothing of its scope reaches its principal, whatever state it finds. */
class RevocationTest {

  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker = new BrokerBuilder().logEvents(16).build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void aLiveSubscriberIsToldAGapAndSeesTheRestOfItsTopicsOnly() {
    Subscription subscription = subscribe(to("a/*").filter(TopicFilter.of("b")));
    lane.runAll();
    publish("a/1", "a");
    lane.runAll();
    revoke("ann", "a/1");
    publish("a/1", "hidden");
    publish("a/2", "seen");
    publish("b", "too");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a gap(revoked) seen too");
    assertThat(subscriber.gaps()).containsExactly(gap(1, 2, "a/1"));
    publish("a/1", "hidden");
    lane.runAll();
    assertThat(subscription.cursor()).isEqualTo(broker.cursor());
    assertThat(broker.stats().filtered()).isEqualTo(2);
  }

  @Test
  void othersAndOtherTopicsAreNotTouched() {
    RecordingSubscriber bob = new RecordingSubscriber();
    RecordingSubscriber elsewhere = new RecordingSubscriber();
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("bob")).filter(TopicFilter.ALL).lane(lane).build(),
        bob);
    broker.subscribe(to("b").build(), elsewhere);
    lane.runAll();

    revoke("ann", "a/**");
    publish("a/1", "x");
    publish("b", "y");
    lane.runAll();

    assertThat(bob.recordWithoutBatches()).isEqualTo("start x y");
    assertThat(elsewhere.recordWithoutBatches()).isEqualTo("start y");
  }

  @Test
  void allSubscriptionsOfThePrincipalAreFoundAlsoAfterSomeOfThemLeft() {
    RecordingSubscriber[] all = new RecordingSubscriber[5];
    Subscription[] handles = new Subscription[5];
    for (int i = 0; i < all.length; i++) {
      all[i] = new RecordingSubscriber();
      handles[i] = broker.subscribe(to("a/**").filter(TopicFilter.of("b")).build(), all[i]);
    }
    lane.runAll();
    handles[0].close();
    handles[2].close();
    handles[4].close();
    lane.runAll();

    revoke("ann", "a/1");
    publish("a/1", "hidden");
    lane.runAll();

    assertThat(all[1].recordWithoutBatches()).isEqualTo("start gap(revoked)");
    assertThat(all[3].recordWithoutBatches()).isEqualTo("start gap(revoked)");
    assertThat(all[2].recordWithoutBatches()).isEqualTo("start close(unsubscribed)");
  }

  @Test
  void whoHasNothingLeftIsClosed() {
    Subscription subscription =
        subscribe(to("a/1").filter(TopicFilter.of("a/2/*")).filter(TopicFilter.of("b")));
    lane.runAll();

    revoke("ann", "a/**");
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(State.LIVE);
    EventId last = broker.cursor();
    revoke("ann", "b");
    publish("b", "hidden");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(revoked) close(revoked)");
    assertThat(subscription.cursor()).isEqualTo(last);
    assertThat(CloseReason.REVOKED.retryable()).isTrue();
  }

  @Test
  void whoIsPausedGetsNothingMoreOfItNotEvenWhatWasPublishedBefore() {
    Subscription subscription = subscribe(to("**"));
    lane.runAll();
    subscriber.ready(false);
    publish("b", "1");
    publish("a", "hidden");
    publish("b", "2");
    revoke("ann", "a");
    publish("a", "hidden");
    publish("b", "3");
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(State.PAUSED);

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 2 gap(revoked) 3");
    assertThat(subscriber.gaps()).containsExactly(gap(0, 4, "a"));
    assertThat(subscription.cursor()).isEqualTo(broker.cursor());
  }

  @Test
  void whoIsPausedAndHasNothingLeftIsClosedWithoutAWake() {
    subscribe(to("a"));
    lane.runAll();
    subscriber.ready(false);
    publish("a", "hidden");
    revoke("ann", "**");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(revoked)");
    assertThat(broker.stats().lagging()).isZero();
  }

  @Test
  void aGapForBeingSlowCoversWhatARevocationHidBeforeItCouldBeTold() {
    Subscription subscription = subscribe(to("**"));
    lane.runAll();
    subscriber.ready(false);
    publish("a", "hidden");
    lane.runAll();
    revoke("ann", "a");
    lane.runAll();
    publishMany("b", 20);
    lane.runAll();

    wake(subscription);
    publish("a", "hidden");
    publish("b", "seen");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow) seen");
    assertThat(subscriber.gaps().get(0).from()).contains(id(0));
    assertThat(subscriber.gaps().get(0).to()).isEqualTo(id(22));
  }

  @Test
  void theGapForBeingSlowStartsWhereTheRunWasWholeAndNotWhereItWasRead() {
    Subscription subscription = subscribe(to("**"));
    lane.runAll();
    subscriber.ready(false);
    publish("b", "1");
    publish("a", "hidden");
    publish("b", "2");
    revoke("ann", "a");
    lane.runAll();
    subscriber.readyFor(1);
    subscription.wake();
    lane.runAll();
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1");
    assertThat(subscription.cursor()).isEqualTo(id(2));

    publishMany("b", 20);
    lane.runAll();
    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 gap(slow)");
    assertThat(subscriber.gaps().get(0).from()).contains(id(0));
  }

  @Test
  void aLaneThatTheLogHasMovedPastStillAppliesWhatItHasNotRead() {
    subscribe(to("**"));
    lane.runAll();
    revoke("ann", "a");
    publishMany("b", 40);

    lane.runAll();
    publish("a", "hidden");
    publish("b", "seen");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(slow) seen");
  }

  @Test
  void whatTheLaneLostForGoodClosesEverybodyOnItBecauseNothingIsProven() {
    subscribe(to("**"));
    lane.runAll();
    for (int i = 0; i < Revocations.KEPT + 40; i++) {
      revoke("somebody", "a");
    }

    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(unproven)");
  }

  @Test
  void whoIsArmedAfterItUnderAnOlderDecisionIsDeniedFromTheStart() {
    EventId asOf = broker.cursor();
    revoke("ann", "a");
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann").asOf(asOf))
            .filter(TopicFilter.of("*"))
            .lane(lane)
            .build(),
        subscriber);
    publish("a", "hidden");
    publish("b", "seen");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("gap(revoked) start seen");
    assertThat(subscriber.gaps()).containsExactly(gap(1, 1, "a"));
  }

  @Test
  void whatIsRevokedBetweenArmingAndAttachingApplies() {
    subscribe(to("*"));
    RecordingSubscriber first = new RecordingSubscriber();
    lane.runAll();
    broker.subscribe(to("*").build(), first);
    revoke("ann", "a");
    publish("a", "hidden");
    publish("b", "seen");
    lane.runAll();

    assertThat(first.recordWithoutBatches()).isEqualTo("start gap(revoked) seen");
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start gap(revoked) seen");
  }

  @Test
  void aReplayShowsNothingOfWhatWasRevokedSinceTheDecision() {
    publish("a", "before");
    EventId asOf = broker.cursor();
    publish("b", "1");
    revoke("ann", "a");
    publish("b", "2");
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann").asOf(asOf))
            .filter(TopicFilter.of("*"))
            .lastEventId(id(0).toString())
            .lane(lane)
            .build(),
        subscriber);
    publish("a", "after");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 gap(revoked) 2");
    assertThat(subscriber.gaps()).containsExactly(gap(0, 3, "a"));
  }

  @Test
  void whoIsAuthorisedAgainAfterItStartsAnew() {
    revoke("ann", "a");
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann").asOf(broker.cursor()))
            .filter(TopicFilter.of("a"))
            .lane(lane)
            .build(),
        subscriber);
    RecordingSubscriber withoutAPlace = new RecordingSubscriber();
    broker.subscribe(to("a").build(), withoutAPlace);
    publish("a", "seen");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start seen");
    assertThat(withoutAPlace.recordWithoutBatches()).isEqualTo("start seen");
  }

  @Test
  void aDecisionOlderThanTheLogOrOfAnotherLogProvesNothing() {
    EventId asOf = broker.cursor();
    publishMany("b", 20);
    RecordingSubscriber other = new RecordingSubscriber();
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann").asOf(asOf))
            .filter(TopicFilter.of("b"))
            .lane(lane)
            .build(),
        subscriber);
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann").asOf(new EventId("other", 1)))
            .filter(TopicFilter.of("b"))
            .lane(lane)
            .build(),
        other);
    publish("b", "not for them");
    lane.runAll();

    assertThat(subscriber.record()).isEqualTo("close(unproven)");
    assertThat(other.record()).isEqualTo("close(unproven)");
    assertThat(CloseReason.UNPROVEN.retryable()).isTrue();
  }

  @Test
  void aSnapshotThatIsBeingLoadedUnderTheRightIsNotShown() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Subscription subscription =
        subscribe(
            to("**")
                .snapshot(
                    source(
                        () -> {
                          loading.countDown();
                          go.await();
                        })));
    lane.runAll();
    loading.await();
    revoke("ann", "a");
    lane.runAll();
    go.countDown();

    assertThat(subscription.state()).isEqualTo(State.CLOSED);
    assertThat(subscriber.record()).isEqualTo("close(revoked)");
  }

  @Test
  void aSnapshotIsNotShownEvenIfTheLaneHasNotReadTheRevocationYet() throws Exception {
    CountDownLatch loaded = new CountDownLatch(1);
    subscribe(
        to("**")
            .snapshot(
                source(
                    () -> {
                      revoke("ann", "a");
                      loaded.countDown();
                    })));
    lane.runOne();
    assertThat(loaded.await(30, TimeUnit.SECONDS)).isTrue();
    while (broker.stats().subscriptions() > 0) {
      lane.runAll();
      Thread.onSpinWait();
    }

    assertThat(subscriber.record()).isEqualTo("close(revoked)");
  }

  @Test
  void whoLostAPartLoadsNoFurtherSnapshotUnderTheOldRight() throws Exception {
    RecordingSubscriber withState = new RecordingSubscriber();
    Subscription subscription =
        broker.subscribe(to("**").snapshot(source(() -> {})).build(), withState);
    while (subscription.state() != State.LIVE) {
      lane.runAll();
      Thread.onSpinWait();
    }
    revoke("ann", "a");
    lane.runAll();
    publishMany("b", 40);
    lane.runAll();

    assertThat(withState.recordWithoutBatches())
        .isEqualTo("snapshot(loaded) start gap(revoked) close(revoked)");
  }

  @Test
  void aSnapshotAskedForUnderADecisionThatIsGoneIsNotLoaded() {
    EventId asOf = broker.cursor();
    revoke("ann", "a");
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann").asOf(asOf))
            .filter(TopicFilter.of("*"))
            .snapshot(source(() -> {}))
            .lane(lane)
            .build(),
        subscriber);
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("gap(revoked) close(revoked)");
  }

  @Test
  void whatIsRememberedOfRevokedScopesIsBounded() {
    subscribe(to("**"));
    lane.runAll();
    for (int i = 0; i < Grants.MAX_DENIED; i++) {
      revoke("ann", "a/" + i);
      revoke("ann", "a/" + i);
      lane.runAll();
    }
    assertThat(broker.stats().subscriptions()).isEqualTo(1);

    revoke("ann", "a/last");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).endsWith("gap(revoked) close(revoked)");
  }

  @Test
  void aWiderScopeTakesThePlaceOfNarrowerOnes() {
    subscribe(to("**"));
    lane.runAll();
    for (int i = 0; i < 3 * Grants.MAX_DENIED; i++) {
      revoke("ann", "a/" + i);
      if (i % 50 == 0) {
        revoke("ann", "a/*");
      }
      lane.runAll();
    }

    publish("a/x", "hidden");
    publish("b", "seen");
    lane.runAll();

    assertThat(subscriber.data()).containsExactly("seen");
  }

  @Test
  void aRunThatIsConflatedComesToTheRevocationInItsOrder() {
    Subscription subscription = subscribe(to("**").lagPolicy(LagPolicy.CONFLATE));
    lane.runAll();
    subscriber.ready(false);
    publish("b", "1");
    publish("a", "hidden");
    revoke("ann", "a");
    publish("b", "2");
    lane.runAll();

    wake(subscription);

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 gap(revoked) 2");
  }

  private void wake(Subscription subscription) {
    subscriber.ready(true);
    subscription.wake();
    lane.runAll();
  }

  private Gap gap(long from, long to, String scope) {
    return new Gap(Gap.Reason.REVOKED, Optional.of(id(from)), id(to), TopicFilter.of(scope));
  }

  private EventId id(long position) {
    return new EventId(broker.cursor().epoch(), position);
  }

  private Subscription subscribe(SubscribeRequest.Builder<?> request) {
    return broker.subscribe(request.build(), subscriber);
  }

  private SubscribeRequest.Builder<String> to(String filter) {
    return SubscribeRequest.by(Authorized.principal("ann"))
        .filter(TopicFilter.of(filter))
        .lane(lane);
  }

  private void publish(String topic, String data) {
    broker.publish(Event.of(Topic.of(topic), "t", data));
  }

  private void publishMany(String topic, int count) {
    for (int i = 0; i < count; i++) {
      publish(topic, "x");
    }
  }

  private void revoke(String principal, String scope) {
    broker.publish(new Revocation(principal, TopicFilter.of(scope)));
  }

  private interface Work {
    void run() throws Exception;
  }

  private static SnapshotSource<String> source(Work work) {
    return new SnapshotSource<>() {
      @Override
      public Snapshot load(String authorized, Duration timeout) throws Exception {
        work.run();
        return Snapshot.of("state", "loaded");
      }

      @Override
      public Snapshot fallback(String authorized) {
        return Snapshot.of("state", "fallback");
      }
    };
  }
}
