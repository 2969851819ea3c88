package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An executor that takes no more tasks, or not this one, leaves nobody waiting. */
class LaneDeathTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualTimer timer = new ManualTimer();
  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker = new BrokerBuilder().logEvents(16).timer(timer).build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void whoSubscribesWhileItsLaneDiesIsToldOrServedAndNeverForgotten() {
    List<RecordingSubscriber> comingBack = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      subscribe(
          lane,
          new RecordingSubscriber() {
            @Override
            public void onClose(CloseReason reason) {
              super.onClose(reason);
              RecordingSubscriber back = new RecordingSubscriber();
              comingBack.add(back);
              subscribe(lane, back);
            }
          });
    }
    lane.runAll();
    lane.stop();

    publish("a");
    timer.advance(Duration.ofSeconds(1));

    assertThat(comingBack).hasSize(100);
    assertThat(comingBack)
        .allSatisfy(back -> assertThat(back.record()).isEqualTo("close(shutdown)"));
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void anExecutorThatRefusesOnceEndsWhoWasThereAndServesWhoComesBack() {
    Refusing executor = new Refusing();
    subscribe(executor, subscriber);
    lane.runAll();
    executor.refusal = new RejectedExecutionException("full");
    publish("a");
    executor.refusal = null;

    RecordingSubscriber back = new RecordingSubscriber();
    subscribe(executor, back);
    timer.advance(Duration.ofSeconds(1));
    publish("b");
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(shutdown)");
    assertThat(back.recordWithoutBatches()).isEqualTo("start b");
    assertThat(broker.stats().subscriptions().open()).isEqualTo(1);
  }

  @Test
  void anExecutorThatThrowsSomethingElseHarmsNeitherThePublisherNorOtherLanes() {
    Refusing executor = new Refusing();
    subscribe(executor, new RecordingSubscriber());
    subscribe(lane, subscriber);
    lane.runAll();
    executor.refusal = new IllegalStateException("on purpose");

    publish("a");
    timer.advance(Duration.ofSeconds(1));
    lane.runAll();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a");
    assertThat(broker.stats().subscriptions().open()).isEqualTo(1);
  }

  @Test
  void whatWasPausedOnALaneThatDiesDoesNotLagForEver() {
    Subscription subscription = subscribe(lane, subscriber);
    subscriber.ready(false);
    publish("a");
    lane.runAll();
    assertThat(subscription.state()).isEqualTo(Subscription.State.PAUSED);
    lane.stop();

    subscription.wake();
    subscription.close();
    timer.advance(Duration.ofSeconds(1));

    assertThat(broker.stats().subscriptions().lagging()).isZero();
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(unsubscribed)");
  }

  @Test
  void aBrokerThatClosesEndsWhoseLaneHasJustDiedThoughItsTimerNeverGetsToIt() {
    subscribe(lane, subscriber);
    lane.runAll();
    lane.stop();
    publish("a");
    timer.shutdown();

    broker.close();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start close(shutdown)");
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void aRunThatWentWithItsExecutorIsFoundByTheWatch() throws Exception {
    ExecutorService pool = stoppedWithARunQueued();

    assertThat(subscriber.recordWithoutBatches()).isEmpty();
    timer.advance(Duration.ofMinutes(1));

    assertThat(pool.isTerminated()).isTrue();
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("close(shutdown)");
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void aRunThatWentWithItsExecutorIsFoundByTheClosingBroker() throws Exception {
    ExecutorService pool = stoppedWithARunQueued();

    broker.close();

    assertThat(pool.isTerminated()).isTrue();
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("close(shutdown)");
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  /** The pool's only thread is busy until it is stopped, so the lane's run never starts. */
  private ExecutorService stoppedWithARunQueued() throws Exception {
    ExecutorService pool = Executors.newSingleThreadExecutor();
    CountDownLatch busy = new CountDownLatch(1);
    pool.execute(
        () -> {
          busy.countDown();
          LockSupport.park(this); // until it is interrupted
        });
    assertThat(busy.await(60, TimeUnit.SECONDS)).isTrue();
    subscribe(pool, subscriber);
    assertThat(pool.shutdownNow()).hasSize(1);
    assertThat(pool.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    return pool;
  }

  private Subscription subscribe(Executor executor, RecordingSubscriber recorder) {
    return broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann"))
            .filter(TopicFilter.of("**"))
            .lane(executor)
            .build(),
        recorder);
  }

  private void publish(String data) {
    broker.publish(Event.of(TOPIC, "t", data));
  }

  private final class Refusing implements Executor {

    private RuntimeException refusal;

    @Override
    public void execute(Runnable task) {
      if (refusal != null) {
        throw refusal;
      }
      lane.execute(task);
    }
  }
}
