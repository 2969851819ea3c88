package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More topics for a subscription that goes on without a break. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WideningTest {

  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker = new BrokerBuilder().logEvents(64).build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void newTopicsAreArmedAtTheResultAndWhatItHadGoesOn() {
    Subscription subscription = live("a");
    publish("b", "too early");
    publish("a", "1");
    CompletableFuture<EventId> armed = widen(subscription, "b");
    publish("b", "early");
    publish("a", "2");
    assertThat(armed).isNotDone();

    lane.runOne();
    publish("b", "b1");
    publish("a", "3");
    lane.runAll();

    assertThat(armed).isCompletedWithValue(id(4));
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 2 b1 3");
    assertThat(subscription.cursor()).isEqualTo(broker.cursor());
  }

  @Test
  void anOverlapIsDeliveredOnce() {
    Subscription subscription = live("a/*");
    var unused = widen(subscription, "a/1", "**", "a/*");
    lane.runAll();

    publish("a/1", "1");
    publish("b", "2");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 2");
  }

  @Test
  void whoIsPausedBeforeItGetsNothingOfTheNewTopicsFromBeforeIt() {
    Subscription subscription = live("a");
    subscriber.ready(false);
    publish("a", "1");
    publish("b", "early");
    lane.runAll();
    CompletableFuture<EventId> armed = widen(subscription, "b");
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(State.PAUSED);
    publish("b", "2");
    publish("a", "3");
    lane.runAll();

    subscriber.ready(true);
    subscription.wake();
    lane.runAll();

    assertThat(armed).isCompletedWithValue(id(2));
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1 2 3");
  }

  @Test
  void itWorksBeforeTheSubscriptionIsAttached() {
    Subscription subscription = subscribe(to("a").build());
    publish("b", "early");
    CompletableFuture<EventId> armed = widen(subscription, "b");
    lane.runAll();
    publish("b", "1");
    lane.runAll();

    assertThat(armed).isCompletedWithValue(id(1));
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1");
  }

  @Test
  void itWorksWhileTheSnapshotIsLoadedAndTheSnapshotSaysNothingOfTheNewTopics() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Subscription subscription =
        subscribe(
            to("a")
                .snapshot(
                    new SnapshotSource<>() {
                      @Override
                      public Snapshot load(String authorized, Duration timeout) throws Exception {
                        loading.countDown();
                        go.await();
                        return Snapshot.of("state", "s").including(delivery -> true);
                      }

                      @Override
                      public Snapshot fallback(String authorized) {
                        return Snapshot.of("state", "fallback");
                      }
                    })
                .build());
    lane.runAll();
    loading.await();
    assertThat(subscription.state()).isEqualTo(State.SNAPSHOT);
    CompletableFuture<EventId> armed = widen(subscription, "b");
    lane.runAll();
    assertThat(armed).isCompletedWithValue(id(0));
    publish("a", "included");
    publish("b", "not included");
    go.countDown();
    while (subscription.state() != State.LIVE) {
      lane.runAll();
      Thread.onSpinWait();
    }

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("snapshot(s) start not included");
  }

  @Test
  void anotherPrincipalOrTooManyFiltersAreRefusedAtOnce() {
    Subscription subscription = live("a");
    List<TopicFilter> most =
        IntStream.range(1, SubscribeRequest.MAX_FILTERS)
            .mapToObj(i -> TopicFilter.of("t/" + i))
            .toList();

    assertThatThrownBy(
            () -> subscription.widen(Authorized.principal("bob"), List.of(TopicFilter.ALL)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("principal: bob (expected: ann)");
    assertThatThrownBy(() -> subscription.widen(Authorized.principal("ann"), List.of()))
        .hasMessage("filters: 0 more (expected: 1 to 99)");
    var unused = subscription.widen(Authorized.principal("ann"), most);
    assertThatThrownBy(
            () -> subscription.widen(Authorized.principal("ann"), List.of(TopicFilter.ALL)))
        .hasMessage("filters: 1 more (expected: 1 to 0)");
  }

  @Test
  void aClosedSubscriptionIsNotWidened() {
    Subscription subscription = live("a");
    CompletableFuture<EventId> before = widen(subscription, "b");
    subscription.close();
    CompletableFuture<EventId> meanwhile = widen(subscription, "c");
    lane.runAll();
    CompletableFuture<EventId> after = widen(subscription, "d");
    lane.runAll();

    for (CompletableFuture<EventId> each : List.of(before, meanwhile, after)) {
      assertThatThrownBy(each::get)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(BrokerException.Closed.class);
    }
  }

  @Test
  void whenTheLaneIsGoneNobodyWaitsForEver() throws Exception {
    Subscription subscription = live("a");
    lane.stop();

    CompletableFuture<EventId> armed = widen(subscription, "b");

    subscriber
        .when(seen -> seen.record().contains("close(shutdown)"))
        .get(30, java.util.concurrent.TimeUnit.SECONDS);
    assertThatThrownBy(() -> armed.get(30, java.util.concurrent.TimeUnit.SECONDS))
        .hasCauseInstanceOf(BrokerException.Closed.class);
  }

  @Test
  void aRevocationBetweenTheDecisionAndTheArmingRefusesIt() {
    Subscription subscription = live("a");
    EventId asOf = broker.cursor();
    broker.publish(new Revocation("ann", TopicFilter.of("b/*")));
    lane.runAll();

    CompletableFuture<EventId> armed =
        subscription
            .widen(Authorized.principal("ann").asOf(asOf), List.of(TopicFilter.of("b/1")))
            .toCompletableFuture();
    publish("b/1", "hidden");
    publish("a", "1");
    lane.runAll();

    assertThatThrownBy(armed::get)
        .hasRootCauseMessage(
            "widening of ann: b/* was revoked at "
                + id(1)
                + " (expected: a decision made after that)");
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start 1");
  }

  @Test
  void aRevocationBetweenTheCallAndTheArmingRefusesItToo() {
    Subscription subscription = live("a");
    CompletableFuture<EventId> armed = widen(subscription, "b");
    broker.publish(new Revocation("ann", TopicFilter.of("b")));
    publish("b", "hidden");
    lane.runAll();

    assertThat(armed).isCompletedExceptionally();
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start");
  }

  @Test
  void aDecisionThatTheLogDoesNotReachBackToIsRefused() {
    Subscription subscription = live("a");
    EventId asOf = broker.cursor();
    for (int i = 0; i < 100; i++) {
      publish("a", "x");
      lane.runAll();
    }

    CompletableFuture<EventId> armed =
        subscription
            .widen(Authorized.principal("ann").asOf(asOf), List.of(TopicFilter.of("b")))
            .toCompletableFuture();
    lane.runAll();

    assertThat(armed).isCompletedExceptionally();
    assertThat(subscription.state()).isEqualTo(State.LIVE);
  }

  @Test
  void whatWasRevokedAndAllowedAgainIsSeenThroughTheNewDecisionAlone() {
    Subscription subscription = subscribe(to("a").filter(TopicFilter.of("b")).build());
    lane.runAll();
    broker.publish(new Revocation("ann", TopicFilter.of("b")));
    lane.runAll();
    publish("b", "hidden");
    lane.runAll();

    var unused =
        subscription.widen(
            Authorized.principal("ann").asOf(broker.cursor()), List.of(TopicFilter.of("b")));
    lane.runAll();
    publish("b", "seen");
    lane.runAll();
    broker.publish(new Revocation("ann", TopicFilter.of("b")));
    publish("b", "hidden");
    publish("a", "1");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches())
        .isEqualTo("start gap(revoked) seen gap(revoked) 1");
  }

  private Subscription live(String filter) {
    Subscription subscription = subscribe(to(filter).build());
    lane.runAll();
    return subscription;
  }

  private Subscription subscribe(SubscribeRequest request) {
    return broker.subscribe(request, subscriber);
  }

  private SubscribeRequest.Builder<String> to(String filter) {
    return SubscribeRequest.by(Authorized.principal("ann"))
        .filter(TopicFilter.of(filter))
        .lane(lane);
  }

  private static CompletableFuture<EventId> widen(Subscription subscription, String... filters) {
    return subscription
        .widen(Authorized.principal("ann"), List.of(filters).stream().map(TopicFilter::of).toList())
        .toCompletableFuture();
  }

  private EventId id(long position) {
    return new EventId(broker.cursor().epoch(), position);
  }

  private void publish(String topic, String data) {
    broker.publish(Event.of(Topic.of(topic), "t", data));
  }
}
