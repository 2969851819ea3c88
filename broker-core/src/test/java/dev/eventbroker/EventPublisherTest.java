package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.eventbroker.EventPublisher.Item;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.ManualExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a Flow subscriber sees that the rules of Reactive Streams do not speak of. */
class EventPublisherTest {

  private static final Topic TOPIC = Topic.of("t");

  private final ManualExecutor lane = new ManualExecutor();
  private final Broker broker = new BrokerBuilder().logEvents(16).build();

  @AfterEach
  void stop() {
    broker.close();
  }

  @Test
  void nothingComesWithoutDemandAndEachItemTakesOne() {
    Taker taker = subscribe(request());
    publish(3);
    assertThat(taker.items).isEmpty();

    taker.request(2);
    assertThat(taker.data()).containsExactly("1", "2");
    taker.request(1);

    assertThat(taker.data()).containsExactly("1", "2", "3");
  }

  @Test
  void aGapAtTheStartWaitsForDemandAndComesFirst() {
    publish(1);
    Taker taker = subscribe(request().lastEventId("nonsense"));
    publish(1);
    assertThat(taker.items).isEmpty();

    taker.request(1);
    assertThat(taker.gaps()).extracting(Gap::reason).containsExactly(Gap.Reason.EPOCH);
    assertThat(taker.data()).isEmpty();
    taker.request(1);

    assertThat(taker.data()).containsExactly("2");
  }

  @Test
  void gapsThatWaitBecomeOneThatCoversThemAll() {
    EventId old = broker.cursor();
    publish(40);
    Authorized<String> decided = Authorized.principal("p").asOf(broker.cursor());
    var unused = broker.publish(new Revocation("p", TopicFilter.of("other")));
    EventId now = broker.cursor();

    Taker taker =
        subscribe(
            SubscribeRequest.by(decided)
                .filter(TopicFilter.ALL)
                .lane(lane)
                .lastEventId(old.toString()));
    taker.request(1);

    assertThat(taker.gaps())
        .singleElement()
        .satisfies(
            gap -> {
              assertThat(gap.from()).contains(old);
              assertThat(gap.to()).isEqualTo(now);
              assertThat(gap.scope()).isEqualTo(TopicFilter.ALL);
            });
  }

  @Test
  void aSnapshotWaitsForDemandAndNoEventOvertakesIt() throws Exception {
    Taker taker = subscribe(withSnapshot());
    publish(1);
    runLaneUntil(() -> taker.subscription().state() != Subscription.State.SNAPSHOT);
    assertThat(taker.items).isEmpty();

    taker.request(Long.MAX_VALUE);

    assertThat(taker.items).hasSize(2);
    assertThat(taker.items.get(0)).isInstanceOf(Item.OfSnapshot.class);
    assertThat(taker.data()).containsExactly("1");
  }

  @Test
  void aGapAndTheSnapshotAfterItWaitForDemandOneOfEach() throws Exception {
    Taker taker = subscribe(withSnapshot().lastEventId("nonsense"));
    runLaneUntil(() -> taker.subscription().state() != Subscription.State.SNAPSHOT);

    taker.request(1);
    assertThat(taker.items).singleElement().isInstanceOf(Item.OfGap.class);
    taker.request(1);

    assertThat(taker.items).element(1).isInstanceOf(Item.OfSnapshot.class);
  }

  @Test
  void whoLagsWithoutDemandIsToldAGapAsSoonAsItAsks() {
    Taker taker = subscribe(request());
    publish(40);

    taker.request(1);
    assertThat(taker.gaps()).extracting(Gap::reason).containsExactly(Gap.Reason.SLOW);
    publish(1);
    taker.request(1);

    assertThat(taker.data()).containsExactly("41");
  }

  @Test
  void anEndByTheBrokerFailsWithItsReasonAndThePlaceToGoOnFrom() {
    Taker taker = subscribe(request());
    taker.request(2);
    publish(2);
    EventId delivered = broker.cursor();

    taker.subscription().close(CloseReason.SLOW);
    lane.runAll();

    EventPublisher.Ended ended = taker.ended();
    assertThat(ended.reason()).isEqualTo(CloseReason.SLOW);
    assertThat(ended.cursor()).contains(delivered);
    assertThat(ended).hasMessageStartingWith("subscription: slow, ");
    assertThat(taker.completed).isFalse();
  }

  @Test
  void aGapThatNobodySawIsNotBehindThePlaceToGoOnFrom() {
    EventId old = broker.cursor();
    publish(40);
    Taker taker = subscribe(request().lastEventId(old.toString()));

    taker.subscription().close(CloseReason.SLOW);
    lane.runAll();

    assertThat(taker.items).isEmpty();
    assertThat(taker.ended().cursor()).contains(old);
  }

  @Test
  void aGapFromNobodyKnowsWhereLeavesNoPlaceToGoOnFrom() {
    Taker taker = subscribe(request().lastEventId("nonsense"));

    taker.subscription().close(CloseReason.SLOW);
    lane.runAll();

    assertThat(taker.ended().cursor()).isEmpty();
  }

  @Test
  void aSnapshotThatNobodySawLeavesNoPlaceToGoOnFrom() throws Exception {
    Taker taker = subscribe(withSnapshot());
    runLaneUntil(() -> taker.subscription().state() != Subscription.State.SNAPSHOT);

    taker.subscription().close(CloseReason.SLOW);
    lane.runAll();

    assertThat(taker.ended().cursor()).isEmpty();
  }

  @Test
  void anEndBeforeTheSnapshotIsThereLeavesNoPlaceToGoOnFrom() {
    Taker taker = subscribe(withSnapshot(new CountDownLatch(1)));
    assertThat(taker.subscription().state()).isEqualTo(Subscription.State.SNAPSHOT);

    taker.subscription().close(CloseReason.SLOW);
    lane.runAll();

    assertThat(taker.ended().cursor()).isEmpty();
  }

  @Test
  void anEndBeforeTheSubscriptionIsKnownStillHasItsCursor() {
    EventId cursor = new EventId("e", 7);
    Taker taker = new Taker();

    new EventPublisher(
            subscriber -> {
              subscriber.onStart(cursor);
              subscriber.onClose(CloseReason.SLOW);
              return new Closed(cursor);
            })
        .subscribe(taker);

    assertThat(taker.ended().cursor()).contains(cursor);
  }

  @Test
  void theShutDownOfTheBrokerCompletesTheStream() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    Taker taker = subscribe(SubscribeRequest.by(Authorized.principal("p")).filter(TopicFilter.ALL));
    taker.onEnd = done::countDown;

    broker.close();

    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(taker.completed).isTrue();
    assertThat(taker.failures).isEmpty();
  }

  @Test
  void cancellingInTheMidstOfAnItemIsTheEndOfIt() {
    Taker taker = subscribe(request());
    taker.onItem = item -> taker.flow.cancel();
    publish(3);

    taker.request(Long.MAX_VALUE);

    assertThat(taker.data()).containsExactly("1");
    assertThat(taker.completed).isFalse();
    assertThat(taker.failures).isEmpty();
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void cancellingWhileAGapIsToldLeavesOutTheRest() throws Exception {
    Taker taker = subscribe(withSnapshot().lastEventId("nonsense"));
    runLaneUntil(() -> taker.subscription().state() != Subscription.State.SNAPSHOT);
    taker.onItem = item -> taker.flow.cancel();

    taker.request(5);

    assertThat(taker.items).singleElement().isInstanceOf(Item.OfGap.class);
  }

  @Test
  void moreDemandThanCanBeCountedIsAsMuchAsThereIs() {
    Taker taker = subscribe(request());

    taker.request(Long.MAX_VALUE - 1);
    taker.request(Long.MAX_VALUE);
    taker.request(5);
    publish(10);

    assertThat(taker.data()).hasSize(10);
  }

  @Test
  void demandFromSeveralThreadsIsNeitherLostNorDoubled() throws Exception {
    int threads = 4;
    int each = 500;
    Broker own = new BrokerBuilder().logEvents(16_384).build();
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch all = new CountDownLatch(threads * each);
    Taker taker = new Taker();
    taker.onItem =
        item -> {
          most.accumulateAndGet(inside.incrementAndGet(), Math::max);
          inside.decrementAndGet();
          all.countDown();
        };
    EventPublisher.of(
            own,
            SubscribeRequest.by(Authorized.principal("p"))
                .filter(TopicFilter.ALL)
                .lastEventId("nonsense")
                .build())
        .subscribe(taker);

    try {
      List<Future<?>> requests = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        requests.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    taker.flow.request(1);
                    var unused = own.publish(Event.of(TOPIC, "e", ""));
                  }
                }));
      }
      for (Future<?> one : requests) {
        one.get(60, TimeUnit.SECONDS);
      }

      assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(taker.gaps()).hasSize(1);
      assertThat(taker.items).hasSize(threads * each);
      assertThat(most).hasValue(1);
    } finally {
      pool.shutdownNow();
      own.close();
    }
  }

  @Test
  void whatThrowsForAnEventIsCancelledAndTheOthersGoOn() {
    Taker bad = subscribe(request());
    Taker good = subscribe(request());
    bad.onItem =
        item -> {
          throw new IllegalStateException("bad");
        };
    bad.request(5);
    good.request(5);

    publish(2);

    assertThat(bad.data()).containsExactly("1");
    assertThat(bad.failures).isEmpty();
    assertThat(good.data()).containsExactly("1", "2");
    assertThat(broker.stats().subscriptions().closed()).containsEntry("failed", 1L);
  }

  @Test
  void whatThrowsForAGapThatWaitedDoesNotHitWhoAsked() {
    Taker bad = subscribe(request().lastEventId("nonsense"));
    bad.onItem =
        item -> {
          throw new IllegalStateException("bad");
        };

    assertThatCode(() -> bad.request(5)).doesNotThrowAnyException();

    publish(1);
    assertThat(bad.items).hasSize(1);
    assertThat(bad.failures).isEmpty();
    assertThat(broker.stats().subscriptions().closed()).containsEntry("failed", 1L);
  }

  @Test
  void aRequestForLessThanOneFailsTheStreamAndClosesTheSubscription() {
    Taker taker = subscribe(request());

    taker.request(0);
    publish(1);

    assertThat(taker.items).isEmpty();
    assertThat(taker.failures).singleElement().isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatTheSupplierOfRequestsThrowsFailsThatStream() {
    Taker taker = new Taker();

    EventPublisher.of(
            broker,
            () -> {
              throw new IllegalStateException("no decision");
            })
        .subscribe(taker);

    assertThat(taker.failures).singleElement().isInstanceOf(IllegalStateException.class);
  }

  private SubscribeRequest.Builder<String> request() {
    return SubscribeRequest.by(Authorized.principal("p")).filter(TopicFilter.ALL).lane(lane);
  }

  private SubscribeRequest.Builder<String> withSnapshot() {
    return withSnapshot(new CountDownLatch(0));
  }

  private SubscribeRequest.Builder<String> withSnapshot(CountDownLatch loaded) {
    return request().snapshotTimeout(Duration.ofSeconds(60)).snapshot(new Loading(loaded));
  }

  private Taker subscribe(SubscribeRequest.Builder<String> request) {
    Taker taker = new Taker();
    SubscribeRequest built = request.build();
    new EventPublisher(
            subscriber -> {
              Subscription mine = broker.subscribe(built, subscriber);
              taker.subscription = mine;
              return mine;
            })
        .subscribe(taker);
    lane.runAll();
    return taker;
  }

  private void publish(int events) {
    for (int i = 0; i < events; i++) {
      String data = Long.toString(broker.cursor().position() + 1);
      var unused = broker.publish(Event.of(TOPIC, "e", data));
    }
    lane.runAll();
  }

  private void runLaneUntil(BooleanSupplier done) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!done.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(until);
      lane.runAll();
      Thread.onSpinWait();
    }
    lane.runAll();
  }

  /** Loads when it may. */
  private record Loading(CountDownLatch loaded) implements SnapshotSource<String> {

    @Override
    public Snapshot load(String authorized, Duration timeout) throws InterruptedException {
      loaded.await();
      return Snapshot.of("state", "whole");
    }

    @Override
    public Snapshot fallback(String authorized) {
      return Snapshot.of("state", "fallback");
    }
  }

  /** A subscription that is over. */
  private record Closed(EventId cursor) implements Subscription {

    @Override
    public State state() {
      return State.CLOSED;
    }

    @Override
    public void wake() {}

    @Override
    public CompletableFuture<EventId> widen(Authorized<?> by, List<TopicFilter> more) {
      return CompletableFuture.failedFuture(new BrokerException("closed"));
    }

    @Override
    public void close(CloseReason reason) {}
  }

  /** Keeps what it gets. */
  private final class Taker implements Flow.Subscriber<Item> {

    private final List<Item> items = new CopyOnWriteArrayList<>();
    private final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private final AtomicBoolean completed = new AtomicBoolean();
    private volatile Consumer<Item> onItem = item -> {};
    private volatile Runnable onEnd = () -> {};
    private volatile Flow.Subscription flow;
    private volatile Subscription subscription;

    private void request(long items) {
      flow.request(items);
      lane.runAll();
    }

    private Subscription subscription() {
      return Optional.ofNullable(subscription).orElseThrow();
    }

    private List<String> data() {
      return items.stream()
          .filter(Item.OfEvent.class::isInstance)
          .map(item -> ((Item.OfEvent) item).delivery().event().data())
          .toList();
    }

    private List<Gap> gaps() {
      return items.stream()
          .filter(Item.OfGap.class::isInstance)
          .map(item -> ((Item.OfGap) item).gap())
          .toList();
    }

    private EventPublisher.Ended ended() {
      assertThat(failures).singleElement().isInstanceOf(EventPublisher.Ended.class);
      return (EventPublisher.Ended) failures.get(0);
    }

    @Override
    public void onSubscribe(Flow.Subscription mine) {
      flow = mine;
    }

    @Override
    public void onNext(Item item) {
      items.add(item);
      onItem.accept(item);
    }

    @Override
    public void onError(Throwable failure) {
      failures.add(failure);
      onEnd.run();
    }

    @Override
    public void onComplete() {
      completed.set(true);
      onEnd.run();
    }
  }
}
