package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Subscription.State;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Incident D: {@code Subscribe(id)} mixed authorising, arming and loading; state changes between
 * the load and the arming were lost; a stalled database wedged subscribers for ever; a passing
 * database error killed the stream.
 */
class IncidentDTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualTimer timer = new ManualTimer();
  private final List<String> fallbacks = new ArrayList<>();
  private final Broker broker =
      new BrokerBuilder()
          .timer(timer)
          .nanoClock(timer::nanos)
          .clock(timer)
          .logEvents(16)
          .observer(
              new BrokerObserver() {
                @Override
                public void snapshotFallback(String principal, Throwable cause) {
                  fallbacks.add(principal + ": " + cause.getMessage());
                }
              })
          .build();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void whatChangesWhileTheStateIsBeingLoadedIsNotLost() throws Exception {
    Database database = new Database("old");
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch changed = new CountDownLatch(1);
    subscribe(
        timeout -> {
          String state = database.read();
          loading.countDown();
          changed.await();
          return Snapshot.of("state", state);
        });

    loading.await();
    database.write("new");
    broker.publish(Event.of(TOPIC, "changed", "new"));
    changed.countDown();

    assertThat(recordOnce("new")).isEqualTo("snapshot(old) start new");
  }

  @Test
  void theStateIsLoadedOnlyAfterTheSubscriptionIsArmed() throws Exception {
    subscribe(
        timeout -> {
          // If this load came before the arming, this event would be lost.
          broker.publish(Event.of(TOPIC, "changed", "new"));
          return Snapshot.of("state", "old");
        });

    assertThat(recordOnce("new")).isEqualTo("snapshot(old) start new");
  }

  @Test
  void aClientThatDropsRightAfterTheSnapshotResumesWithNothingMissing() throws Exception {
    subscribe(
        timeout -> {
          broker.publish(Event.of(TOPIC, "changed", "new"));
          return Snapshot.of("state", "old");
        });
    recordOnce("new");

    RecordingSubscriber back = new RecordingSubscriber();
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann"))
            .filter(TopicFilter.exactly(TOPIC))
            .lastEventId(subscriber.started().toString())
            .build(),
        back);

    assertThat(back.when(seen -> seen.data().contains("new")).get(60, TimeUnit.SECONDS))
        .startsWith("start new");
  }

  @Test
  void overlapIsDroppedWhereTheSnapshotCanTell() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    subscribe(
        timeout -> {
          go.await();
          return Snapshot.of("state", "old+1")
              .including(delivery -> delivery.event().data().equals("1"));
        });

    broker.publish(Event.of(TOPIC, "changed", "1"));
    broker.publish(Event.of(TOPIC, "changed", "2"));
    go.countDown();

    assertThat(recordOnce("2")).isEqualTo("snapshot(old+1) start 2");
  }

  @Test
  void aStalledDatabaseCostsFiveSecondsAndNotTheStream() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    AtomicBoolean forever = new AtomicBoolean(true);
    Subscription subscription =
        subscribe(
            timeout -> {
              loading.countDown();
              while (forever.get()) {
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  interrupted.countDown();
                  throw e;
                }
              }
              throw new IOException("unreachable");
            });
    loading.await();
    broker.publish(Event.of(TOPIC, "changed", "new"));

    timer.advance(Duration.ofMillis(4_999));
    assertThat(subscription.state()).isEqualTo(State.SNAPSHOT);
    timer.advance(Duration.ofMillis(1));

    assertThat(recordOnce("new")).isEqualTo("snapshot(authorised) start new");
    assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(fallbacks).containsExactly("ann: no snapshot within PT5S");
    assertThat(broker.stats().snapshots().failed()).isEqualTo(1);
  }

  @Test
  void theCallersOwnDeadlineComesFirst() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    broker.subscribe(
        SubscribeRequest.by(new Authorized<>("ann", "authorised"))
            .filter(TopicFilter.exactly(TOPIC))
            .snapshot(
                source(
                    timeout -> {
                      assertThat(timeout).isEqualTo(Duration.ofMillis(200));
                      loading.countDown();
                      new CountDownLatch(1).await();
                      return Snapshot.of("state", "never");
                    }))
            .snapshotTimeout(Duration.ofMillis(200))
            .build(),
        subscriber);
    loading.await();

    timer.advance(Duration.ofMillis(200));

    assertThat(subscriber.when(seen -> seen.record().contains("start")).get(60, TimeUnit.SECONDS))
        .startsWith("snapshot(authorised)");
  }

  @Test
  void aPassingDatabaseErrorDoesNotKillTheStream() throws Exception {
    subscribe(
        timeout -> {
          throw new IOException("connection reset");
        });
    subscriber.when(seen -> seen.record().contains("start")).get(60, TimeUnit.SECONDS);
    broker.publish(Event.of(TOPIC, "changed", "new"));

    assertThat(recordOnce("new")).isEqualTo("snapshot(authorised) start new");
    assertThat(fallbacks).containsExactly("ann: connection reset");
  }

  @Test
  void stalledLoadsOfOthersDoNotWedgeASubscriber() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    for (int i = 0; i < 100; i++) {
      broker.subscribe(
          SubscribeRequest.by(new Authorized<>("other", "authorised"))
              .filter(TopicFilter.exactly(TOPIC))
              .snapshot(source(timeout -> uninterruptibly(release)))
              .build(),
          new RecordingSubscriber());
    }
    Subscription subscription = subscribe(timeout -> Snapshot.of("state", "late"));
    while (subscription.state() != State.SNAPSHOT) {
      Thread.onSpinWait();
    }
    broker.publish(Event.of(TOPIC, "changed", "new"));

    timer.advance(Duration.ofSeconds(5));

    assertThat(recordOnce("new")).isEqualTo("snapshot(authorised) start new");
    release.countDown();
  }

  @Test
  void aSnapshotThatABusyLogKeepsOvertakingEndsAndDoesNotLoop() throws Exception {
    AtomicInteger loads = new AtomicInteger();
    subscribe(
        timeout -> {
          loads.incrementAndGet();
          for (int i = 0; i < 100; i++) {
            broker.publish(Event.of(TOPIC, "changed", "x"));
          }
          return Snapshot.of("state", "stale");
        });

    String record =
        subscriber.when(seen -> seen.record().contains("close")).get(60, TimeUnit.SECONDS);

    assertThat(record.replace(" |", "")).isEqualTo("gap(slow) gap(slow) close(slow)");
    assertThat(loads.get()).isEqualTo(3);
  }

  private Subscription subscribe(Load load) {
    return broker.subscribe(
        SubscribeRequest.by(new Authorized<>("ann", "authorised"))
            .filter(TopicFilter.exactly(TOPIC))
            .snapshot(source(load))
            .build(),
        subscriber);
  }

  private String recordOnce(String data) throws Exception {
    return subscriber
        .when(seen -> seen.data().contains(data) && seen.record().endsWith("|"))
        .get(60, TimeUnit.SECONDS)
        .replace(" |", "");
  }

  private static Snapshot uninterruptibly(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return Snapshot.of("state", "too late");
      } catch (InterruptedException e) {
        // As a driver that is stuck in a read: it does not hear interrupts.
      }
    }
  }

  private interface Load {
    Snapshot load(Duration timeout) throws Exception;
  }

  private static SnapshotSource<String> source(Load load) {
    return new SnapshotSource<>() {
      @Override
      public Snapshot load(String authorized, Duration timeout) throws Exception {
        return load.load(timeout);
      }

      @Override
      public Snapshot fallback(String authorized) {
        return Snapshot.of("state", authorized);
      }
    };
  }

  private static final class Database {

    private volatile String state;

    Database(String state) {
      this.state = state;
    }

    String read() {
      return state;
    }

    void write(String newState) {
      state = newState;
    }
  }
}
