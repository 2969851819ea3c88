package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A cursor never claims what was not delivered: a client resumes from it. */
class CursorTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualExecutor lane = new ManualExecutor();
  private final Broker broker = new BrokerBuilder().logEvents(16).build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void whoClosesInTheMidstOfABatchHasSeenOnlyWhatCameBefore() {
    Acting subscriber = new Acting();
    subscriber.onData("b", () -> subscriber.self.close());
    live(subscriber, LagPolicy.RESYNC);
    publish("a", "b", "c");

    lane.runOne();
    long betweenCloseAndEnd = subscriber.self.cursor().position();
    lane.runAll();

    assertThat(betweenCloseAndEnd).isEqualTo(2);
    assertThat(subscriber.self.cursor().position()).isEqualTo(2);
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a b close(unsubscribed)");
  }

  @Test
  void whoThrowsHasNotSeenTheEventItThrewAt() {
    Acting live = new Acting();
    live.onData("b", Acting::fail);
    live(live, LagPolicy.RESYNC);
    Acting catchingUp = new Acting();
    catchingUp.onData("b", Acting::fail);
    publish("a", "b", "c");
    lane.runOne();
    subscribe(
        catchingUp, request(LagPolicy.RESYNC).lastEventId(broker.cursor().epoch() + ".0").build());

    assertThat(live.self.cursor().position()).isEqualTo(1);
    lane.runAll();
    assertThat(live.self.cursor().position()).isEqualTo(1);
    assertThat(catchingUp.self.cursor().position()).isEqualTo(1);
  }

  @Test
  void whoIsClosedFromOutsideKeepsItsPlaceWhileTheLaneGoesOn() {
    Acting other = new Acting();
    Acting subscriber = new Acting();
    other.onData("b", () -> subscriber.self.close());
    live(other, LagPolicy.RESYNC);
    live(subscriber, LagPolicy.RESYNC);
    publish("a");
    lane.runAll();
    publish("b", "c");

    lane.runOne();

    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a");
    assertThat(subscriber.self.cursor().position()).isEqualTo(1);
    lane.runAll();
    assertThat(subscriber.self.cursor().position()).isEqualTo(1);
  }

  @Test
  void whoIsDisconnectedAsTooSlowHasNotSeenWhatWasLost() {
    Acting subscriber = new Acting();
    live(subscriber, LagPolicy.DISCONNECT);
    publish("a");
    lane.runAll();
    publish(20);

    lane.runOne();
    long betweenCloseAndEnd = subscriber.self.cursor().position();
    lane.runAll();

    assertThat(betweenCloseAndEnd).isEqualTo(1);
    assertThat(subscriber.self.cursor().position()).isEqualTo(1);
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a close(slow)");
  }

  @Test
  void whoThrowsAtAGapHasNotSeenIt() {
    Acting subscriber =
        new Acting() {
          @Override
          public void onGap(Gap gap) {
            throw new IllegalStateException("on purpose");
          }
        };
    live(subscriber, LagPolicy.RESYNC);
    publish("a");
    lane.runAll();
    publish(20);

    lane.runAll();

    assertThat(subscriber.self.cursor().position()).isEqualTo(1);
  }

  @Test
  void whoFailsWhileItIsAskedWhetherToTellItWhatWasLostHasNotSeenIt() {
    Acting subscriber =
        new Acting() {
          @Override
          public boolean ready() {
            if (!data().isEmpty()) {
              fail();
            }
            return super.ready();
          }
        };
    live(subscriber, LagPolicy.RESYNC);
    publish("a");
    lane.runAll();
    publish(20);

    lane.runAll();

    assertThat(subscriber.self.cursor().position()).isEqualTo(1);
    assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a close(failed)");
  }

  @Test
  void whoClosesOrFailsWhileItIsAskedIsNotDeliveredTo() {
    Acting closing =
        new Acting() {
          @Override
          public boolean ready() {
            self.close();
            return true;
          }
        };
    Acting failing = new Acting();
    live(closing, LagPolicy.RESYNC);
    subscribe(
        failing,
        request(LagPolicy.RESYNC)
            .snapshot(
                source(
                    Snapshot.of("state", "s")
                        .including(
                            delivery -> {
                              throw new IllegalStateException("on purpose");
                            }),
                    () -> publish("a")))
            .build());
    lane.runAll();
    while (failing.self.state() != Subscription.State.CLOSED) {
      lane.runAll();
      Thread.onSpinWait();
    }
    lane.runAll();

    assertThat(closing.recordWithoutBatches()).isEqualTo("start close(unsubscribed)");
    assertThat(failing.recordWithoutBatches()).isEqualTo("snapshot(s) start close(failed)");
    assertThat(broker.stats().subscriptions().lagging()).isZero();
  }

  @Test
  void theCursorIsExactWhenTheEndIsTold() {
    long[] told = {0};
    Acting subscriber =
        new Acting() {
          @Override
          public void onClose(CloseReason reason) {
            told[0] = self.cursor().position();
            super.onClose(reason);
          }
        };
    live(subscriber, LagPolicy.RESYNC);
    publish("a", "b", "c");
    lane.runAll();

    subscriber.self.close();
    lane.runAll();

    assertThat(told[0]).isEqualTo(3);
    assertThat(subscriber.self.cursor().position()).isEqualTo(3);
  }

  private void live(Acting subscriber, LagPolicy policy) {
    subscribe(subscriber, request(policy).build());
    lane.runAll();
  }

  private void subscribe(Acting subscriber, SubscribeRequest request) {
    subscriber.self = broker.subscribe(request, subscriber);
  }

  private SubscribeRequest.Builder<String> request(LagPolicy policy) {
    return SubscribeRequest.by(Authorized.principal("ann"))
        .filter(TopicFilter.ALL)
        .lagPolicy(policy)
        .lane(lane);
  }

  private void publish(int count) {
    for (int i = 0; i < count; i++) {
      publish("x");
    }
  }

  private void publish(String... data) {
    for (String one : data) {
      broker.publish(Event.of(TOPIC, "t", one));
    }
  }

  private static SnapshotSource<String> source(Snapshot snapshot, Runnable meanwhile) {
    return new SnapshotSource<>() {
      @Override
      public Snapshot load(String authorized, Duration timeout) {
        meanwhile.run();
        return snapshot;
      }

      @Override
      public Snapshot fallback(String authorized) {
        return Snapshot.of("state", "fallback");
      }
    };
  }

  private static class Acting extends RecordingSubscriber {

    Subscription self;
    private String at = "";
    private Runnable act = () -> {};

    final void onData(String data, Runnable does) {
      at = data;
      act = does;
    }

    static void fail() {
      throw new IllegalStateException("on purpose");
    }

    @Override
    public void onEvent(Delivery delivery) {
      super.onEvent(delivery);
      if (delivery.event().data().equals(at)) {
        act.run();
      }
    }
  }
}
