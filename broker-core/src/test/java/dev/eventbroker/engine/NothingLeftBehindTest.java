package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whoever comes and goes ten thousand times leaves no thread, no task and no object behind. */
class NothingLeftBehindTest {

  private static final int CYCLES = 10_000;
  private static final Topic TOPIC = Topic.of("project/42");
  private static final String NAME = "left-behind";

  private final ManualTimer timer = new ManualTimer();
  private final Broker broker = new BrokerBuilder().name(NAME).timer(timer).build();

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void subscriptionsOnLanesOfTheirOwn() {
    int before = timer.scheduled();
    List<WeakReference<Object>> gone = new ArrayList<>();

    for (int i = 0; i < CYCLES; i++) {
      ManualExecutor executor = new ManualExecutor();
      Closing subscriber = new Closing();
      Subscription subscription = broker.subscribe(request(i).lane(executor).build(), subscriber);
      if (i % 2 == 0) {
        executor.runAll();
        publish();
      }
      subscription.close();
      executor.runAll();
      assertThat(subscriber.closed).isDone();
      assertThat(executor.waiting()).isZero();
      gone.add(new WeakReference<>(executor));
      gone.add(new WeakReference<>(subscriber));
    }

    assertThat(broker.stats().subscriptions().open()).isZero();
    assertThat(broker.stats().subscriptions().lagging()).isZero();
    assertThat(timer.scheduled()).isEqualTo(before);
    awaitCollected(gone);
    assertThat(threads()).isEmpty();
  }

  @Test
  void subscriptionsWithSnapshotsOnTheBrokersLane() throws Exception {
    int before = timer.scheduled();
    List<WeakReference<Object>> gone = new ArrayList<>();

    for (int i = 0; i < CYCLES; i++) {
      Closing subscriber = new Closing();
      Subscription subscription =
          broker.subscribe(request(i).snapshot(new State()).build(), subscriber);
      if (i % 100 == 0) {
        subscriber.started.get(30, TimeUnit.SECONDS);
      }
      subscription.close();
      subscriber.closed.get(30, TimeUnit.SECONDS);
      gone.add(new WeakReference<>(subscriber));
    }

    assertThat(broker.stats().subscriptions().open()).isZero();
    assertThat(timer.scheduled()).isEqualTo(before);
    awaitCollected(gone);
    broker.close();
    awaitNoThreads();
  }

  @Test
  void connections() {
    List<WeakReference<Object>> gone = new ArrayList<>();

    for (int i = 0; i < CYCLES; i++) {
      Connection connection =
          broker.connections().open("p" + i, i % 2 == 0 ? Optional.of("o" + i) : Optional.empty());
      connection.close(CloseReason.DISCONNECTED);
      gone.add(new WeakReference<>(connection));
    }

    assertThat(broker.connections().count()).isZero();
    assertThat(broker.connections().principals()).isEmpty();
    assertThat(broker.connections().owners()).isEmpty();
    awaitCollected(gone);
  }

  @Test
  void detachedTasks() throws Exception {
    int before = timer.scheduled();

    for (int i = 0; i < CYCLES; i++) {
      CompletableFuture<Integer> done =
          broker.detached().submit(Topic.of("t/" + i), context -> 1).toCompletableFuture();
      assertThat(done.get(30, TimeUnit.SECONDS)).isEqualTo(1);
    }

    awaitUntil(() -> broker.stats().detached().queued() + broker.stats().detached().running() == 0);
    awaitUntil(() -> timer.scheduled() == before);
    broker.close();
    awaitNoThreads();
  }

  private static SubscribeRequest.Builder<String> request(int i) {
    return SubscribeRequest.by(Authorized.principal("p" + i))
        .lagPolicy(i % 3 == 0 ? LagPolicy.DISCONNECT : LagPolicy.RESYNC)
        .filter(i % 5 == 0 ? TopicFilter.of("project/*") : TopicFilter.exactly(TOPIC));
  }

  private void publish() {
    var unused = broker.publish(Event.of(TOPIC, "e", ""));
  }

  /** The last one may still be on a stack or in a register of the lane that was last on it. */
  private static void awaitCollected(List<WeakReference<Object>> gone) {
    awaitUntil(
        () -> {
          System.gc();
          return gone.stream().filter(reference -> reference.get() != null).count() <= 2;
        });
  }

  private static void awaitNoThreads() {
    awaitUntil(() -> threads().isEmpty());
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith(NAME))
        .toList();
  }

  private static void awaitUntil(BooleanSupplier condition) {
    CompletableFuture<Boolean> met =
        CompletableFuture.supplyAsync(
            () -> {
              while (!condition.getAsBoolean()) {
                Thread.onSpinWait();
              }
              return true;
            });
    assertThat(met.orTimeout(60, TimeUnit.SECONDS).join()).isTrue();
  }

  private static final class State implements SnapshotSource<String> {

    @Override
    public Snapshot load(String authorized, Duration timeout) {
      return Snapshot.of("state", "");
    }

    @Override
    public Snapshot fallback(String authorized) {
      return Snapshot.of("state", "");
    }
  }

  private static final class Closing implements Subscriber {

    private final CompletableFuture<Boolean> started = new CompletableFuture<>();
    private final CompletableFuture<CloseReason> closed = new CompletableFuture<>();

    @Override
    public void onStart(EventId cursor) {
      started.complete(true);
    }

    @Override
    public void onEvent(Delivery delivery) {}

    @Override
    public void onGap(Gap gap) {}

    @Override
    public void onClose(CloseReason reason) {
      closed.complete(reason);
    }
  }
}
