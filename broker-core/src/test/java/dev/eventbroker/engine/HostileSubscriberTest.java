package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A subscriber may do what it likes: it ends by it, and nobody else on its lane notices. */
class HostileSubscriberTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber before = new RecordingSubscriber();
  private final RecordingSubscriber after = new RecordingSubscriber();
  private final Broker broker =
      new BrokerBuilder()
          .logEvents(16)
          .observer(
              new BrokerObserver() {
                @Override
                public void gap(String principal, Gap gap) {
                  throw new Unforeseen();
                }
              })
          .build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ready", "start", "event", "batch", "close", "gap"})
  void anErrorThatNobodyForesawEndsItsSubscriberAlone(String where) {
    everybodyIsLiveBeside(new Throwing(where, new Unforeseen()));

    bringAbout(where);

    assertNobodyElseNoticed(where);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ready", "start", "event", "batch", "close", "gap"})
  void aCheckedExceptionThatNobodyDeclaredEndsItsSubscriberAlone(String where) {
    everybodyIsLiveBeside(new Throwing(where, new IOException("sneaky, as Kotlin throws")));

    bringAbout(where);

    assertNobodyElseNoticed(where);
  }

  @ParameterizedTest
  @ValueSource(strings = {"snapshot", "fallback", "includes"})
  void whoThrowsAtItsSnapshotEndsAlone(String where) {
    everybodyIsLiveBeside(new Throwing("nowhere", new Unforeseen()));
    Throwing bad = new Throwing(where, new Unforeseen());
    bad.self =
        broker.subscribe(
            SubscribeRequest.by(Authorized.principal("ann"))
                .filter(TopicFilter.ALL)
                .snapshot(bad)
                .lane(lane)
                .build(),
            bad);
    publish("a", "b");
    while (bad.self.state() != Subscription.State.CLOSED) {
      lane.runAll();
      Thread.onSpinWait();
    }
    publish("c");
    lane.runAll();

    assertThat(bad.recordWithoutBatches()).endsWith("close(failed)");
    assertThat(before.recordWithoutBatches()).isEqualTo("start a b c");
    assertThat(after.recordWithoutBatches()).isEqualTo("start a b c");
    assertThat(broker.stats().subscriptions().open()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ready", "start", "event", "batch", "gap"})
  void whoClosesItselfIsCalledNoMoreButForItsEnd(String where) {
    Closing closing = new Closing(where);
    closing.self = subscribe("**", closing);
    lane.runAll();
    publish("a", "b");
    lane.runAll();
    for (int i = 0; i < 20; i++) {
      publish("lost");
    }
    lane.runAll();
    publish("c");
    lane.runAll();

    assertThat(closing.callsAfterClose).isEqualTo("close(unsubscribed)");
  }

  /** Closes its subscription from a callback, several times over. */
  private static final class Closing extends RecordingSubscriber {

    private final String where;
    private Subscription self;
    private boolean closed;
    private String callsAfterClose = "";

    Closing(String where) {
      this.where = where;
    }

    private void called(String here) {
      if (closed) {
        callsAfterClose += here;
      }
      if (here.equals(where)) {
        closed = true;
        self.close();
        self.close();
      }
    }

    @Override
    public boolean ready() {
      called("ready");
      return true;
    }

    @Override
    public synchronized void onStart(EventId cursor) {
      called("start");
    }

    @Override
    public void onEvent(Delivery delivery) {
      called("event");
    }

    @Override
    public void onGap(Gap gap) {
      called("gap");
    }

    @Override
    public void onBatchEnd() {
      called("batch");
    }

    @Override
    public void onClose(CloseReason reason) {
      called("close(" + reason.code() + ")");
    }
  }

  @Test
  void anObserverThatThrowsAnErrorHarmsNobody() {
    subscribe("**", before);
    lane.runAll();
    for (int i = 0; i < 20; i++) {
      publish("lost");
    }
    lane.runAll();
    publish("z");
    lane.runAll();

    assertThat(before.recordWithoutBatches()).isEqualTo("start gap(slow) z");
  }

  @Test
  void oneThatComesBackAsOftenAsItEndsDoesNotKeepTheLaneToItself() {
    int[] lives = {0};
    subscribe("**", before);
    lane.runAll();
    comeBack(lives);
    publish("a");

    lane.runOne();

    assertThat(before.data()).containsExactly("a");
    assertThat(lives[0]).isLessThan(100_000);
    lane.runAll();
    assertThat(lives[0]).isEqualTo(100_000);
  }

  private void comeBack(int[] lives) {
    lives[0]++;
    subscribe(
            "**",
            new RecordingSubscriber() {
              @Override
              public void onClose(CloseReason reason) {
                if (lives[0] < 100_000) {
                  comeBack(lives);
                }
              }
            })
        .close();
  }

  private void everybodyIsLiveBeside(Throwing bad) {
    subscribe("**", before);
    Subscription subscription = subscribe("**", bad);
    bad.self = subscription;
    subscribe("**", after);
  }

  private void bringAbout(String where) {
    lane.runAll();
    publish("a", "b");
    lane.runAll();
    if (where.equals("gap")) {
      for (int i = 0; i < 20; i++) {
        publish("lost");
      }
    }
    lane.runAll();
    publish("c");
    lane.runAll();
  }

  private void assertNobodyElseNoticed(String where) {
    String whole = where.equals("gap") ? "start a b gap(slow) c" : "start a b c";
    assertThat(before.recordWithoutBatches()).isEqualTo(whole);
    assertThat(after.recordWithoutBatches()).isEqualTo(whole);
    assertThat(broker.stats().subscriptions().open()).isEqualTo(2);
    assertThat(broker.stats().subscriptions().lagging()).isZero();
  }

  private Subscription subscribe(String filter, RecordingSubscriber subscriber) {
    return broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann"))
            .filter(TopicFilter.of(filter))
            .lane(lane)
            .build(),
        subscriber);
  }

  private void publish(String... data) {
    for (String one : data) {
      broker.publish(Event.of(TOPIC, "t", one));
    }
  }

  /** Not one of the errors that code usually prepares for. */
  private static final class Unforeseen extends Error {
    private static final long serialVersionUID = 1L;
  }

  private static final class Throwing extends RecordingSubscriber
      implements SnapshotSource<String> {

    private final String where;
    private final Throwable what;
    private Subscription self;

    Throwing(String where, Throwable what) {
      this.where = where;
      this.what = what;
    }

    private void maybe(String here) {
      if (here.equals(where)) {
        Throwing.<RuntimeException>sneak(what);
      }
    }

    @SuppressWarnings("unchecked") // that is how undeclared exceptions are thrown
    private static <T extends Throwable> void sneak(Throwable what) throws T {
      throw (T) what;
    }

    @Override
    public Snapshot load(String authorized, Duration timeout) throws Exception {
      if (where.equals("fallback")) {
        throw new IOException("on purpose");
      }
      return Snapshot.of("state", "s")
          .including(
              delivery -> {
                maybe("includes");
                return false;
              });
    }

    @Override
    public Snapshot fallback(String authorized) {
      maybe("fallback");
      return Snapshot.of("state", "fallback");
    }

    @Override
    public void onSnapshot(Snapshot snapshot, EventId cursor) {
      maybe("snapshot");
    }

    @Override
    public boolean ready() {
      maybe("ready");
      return true;
    }

    @Override
    public synchronized void onStart(EventId cursor) {
      maybe("start");
    }

    @Override
    public void onEvent(Delivery delivery) {
      maybe("event");
      if (where.equals("close")) {
        self.close();
      }
    }

    @Override
    public void onGap(Gap gap) {
      maybe("gap");
    }

    @Override
    public void onBatchEnd() {
      maybe("batch");
    }

    @Override
    public void onClose(CloseReason reason) {
      super.onClose(reason);
      maybe("close");
    }
  }
}
