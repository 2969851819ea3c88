package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.DrainReport;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.EventSource;
import dev.eventbroker.Inbound;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** However a broker is closed, everybody is told and nothing is left. */
class BrokerCloseTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final Broker broker = new BrokerBuilder().name("closing").lanes(3).build();

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void aSecondCloseDoesNotCutTheFirstOnesDrainShort() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch closedAgain = new CountDownLatch(1);
    CompletionStage<EventId> published =
        broker
            .detached()
            .submit(
                TOPIC,
                context -> {
                  running.countDown();
                  closedAgain.await();
                  return context.publish(Event.of(TOPIC, "t", "last")).toCompletableFuture().get();
                });
    running.await();
    CompletableFuture<DrainReport> first =
        CompletableFuture.supplyAsync(() -> broker.close(Duration.ofSeconds(10)));
    while (!broker
        .detached()
        .submit(Topic.of("x"), c -> 1)
        .toCompletableFuture()
        .isCompletedExceptionally()) {
      Thread.onSpinWait();
    }

    broker.close(Duration.ZERO);
    closedAgain.countDown();

    assertThat(published.toCompletableFuture().get(60, TimeUnit.SECONDS).position()).isEqualTo(1);
    assertThat(first.get(60, TimeUnit.SECONDS).complete()).isTrue();
  }

  @Test
  void aSourceThatIsAttachedWhileTheBrokerClosesIsClosed() {
    AtomicBoolean open = new AtomicBoolean();
    EventSource source =
        new Source() {
          @Override
          public void start(Inbound inbound) {
            broker.close();
            open.set(true);
          }

          @Override
          public void close() {
            open.set(false);
          }
        };

    assertThatThrownBy(() -> broker.attach(source)).isInstanceOf(BrokerException.Closed.class);

    assertThat(open).isFalse();
  }

  @Test
  void aSourceThatThrowsAnErrorDoesNotKeepTheRestOpen() throws Exception {
    broker.attach(
        new Source() {
          @Override
          public void close() {
            throw new NoClassDefFoundError("the class loader is closed already");
          }
        });
    RecordingSubscriber subscriber = subscribe();

    broker.close();

    assertThat(closedOnce(subscriber)).endsWith("close(shutdown)");
    assertLanesEnd();
  }

  @Test
  void aCallerThatIsInterruptedTellsEverybodyAllTheSame() throws Exception {
    for (int round = 0; round < 200; round++) {
      Broker interrupted = new BrokerBuilder().lanes(3).build();
      List<RecordingSubscriber> subscribers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        RecordingSubscriber subscriber = new RecordingSubscriber();
        subscribers.add(subscriber);
        interrupted.subscribe(request(), subscriber);
      }

      Thread.currentThread().interrupt();
      interrupted.close();

      assertThat(Thread.interrupted()).isTrue();
      for (RecordingSubscriber subscriber : subscribers) {
        assertThat(closedOnce(subscriber)).as("round %d", round).endsWith("close(shutdown)");
      }
      assertThat(interrupted.stats().subscriptions().open()).isZero();
    }
  }

  @Test
  void aSubscriberMayCloseTheBrokerOnItsOwnLane() throws Exception {
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    RecordingSubscriber closing =
        new RecordingSubscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            broker.close();
            interrupted.complete(Thread.currentThread().isInterrupted());
          }

          @Override
          public void onClose(CloseReason reason) {
            broker.close();
            super.onClose(reason);
          }
        };
    broker.subscribe(request(), closing);
    RecordingSubscriber other = subscribe();
    broker.publish(Event.of(TOPIC, "t", "a"));

    assertThat(interrupted.get(60, TimeUnit.SECONDS)).isFalse();
    assertThat(closedOnce(closing)).endsWith("close(shutdown)");
    assertThat(closedOnce(other)).endsWith("close(shutdown)");
    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void tenThousandSubscriptionsThatCameAndWentLeaveNothing() throws Exception {
    RecordingSubscriber last = new RecordingSubscriber();
    for (int i = 0; i < 10_000; i++) {
      last = new RecordingSubscriber();
      broker.subscribe(request(), last).close();
    }
    assertThat(closedOnce(last)).contains("close(unsubscribed)");
    while (broker.stats().subscriptions().open() > 0) {
      Thread.onSpinWait();
    }

    broker.close();

    assertThat(broker.stats().subscriptions().lagging()).isZero();
    assertLanesEnd();
  }

  private static String closedOnce(RecordingSubscriber subscriber) throws Exception {
    return subscriber.when(seen -> seen.record().contains("close")).get(60, TimeUnit.SECONDS);
  }

  private static void assertLanesEnd() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("closing-lane")) {
        thread.join(60_000);
        assertThat(thread.isAlive()).as(thread.getName()).isFalse();
      }
    }
  }

  private RecordingSubscriber subscribe() {
    RecordingSubscriber subscriber = new RecordingSubscriber();
    broker.subscribe(request(), subscriber);
    return subscriber;
  }

  private static SubscribeRequest request() {
    return SubscribeRequest.by(Authorized.principal("ann")).filter(TopicFilter.ALL).build();
  }

  private abstract static class Source implements EventSource {
    @Override
    public void start(Inbound inbound) {}

    @Override
    public SourceStatus status() {
      return new SourceStatus("test", SourceStatus.State.UP, "");
    }
  }
}
