package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.Event;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A load has one end, and leaves nothing behind. */
class SnapshotLoaderTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualTimer timer = new ManualTimer();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker =
      new BrokerBuilder()
          .timer(timer)
          .logEvents(16)
          .observer(
              new BrokerObserver() {
                @Override
                public void snapshotFallback(String principal, Throwable cause) {
                  throw new NoClassDefFoundError("on purpose");
                }
              })
          .build();

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void whenTheTimerIsGoneTheSubscriberFallsBackInsteadOfWaitingForEver() throws Exception {
    timer.shutdown();

    broker.subscribe(request(() -> {}).build(), subscriber);

    assertThat(once("start")).startsWith("snapshot(authorised) start");
  }

  @Test
  void aTimeoutTooLongToCountIsAsLongAsThereIs() throws Exception {
    broker.subscribe(
        request(() -> {}).snapshotTimeout(ChronoUnit.FOREVER.getDuration()).build(), subscriber);

    assertThat(once("start")).startsWith("snapshot(loaded) start");
  }

  @Test
  void aSubscriptionThatEndsGivesUpItsLoadSoNobodyWaitsBehindIt() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(BrokerBuilder.DEFAULT_SNAPSHOT_THREADS);
    List<Subscription> stuck = new ArrayList<>();
    for (int i = 0; i < BrokerBuilder.DEFAULT_SNAPSHOT_THREADS; i++) {
      CountDownLatch loading = new CountDownLatch(1);
      Runnable untilInterrupted =
          () -> {
            loading.countDown();
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              interrupted.countDown();
            }
          };
      stuck.add(broker.subscribe(request(untilInterrupted).build(), new RecordingSubscriber()));
      loading.await();
    }
    broker.subscribe(request(() -> {}).build(), subscriber);

    stuck.forEach(Subscription::close);

    assertThat(once("start")).startsWith("snapshot(loaded) start");
    assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(broker.stats().snapshots().failed()).isZero();
  }

  @Test
  void aLoadThatEndedLeavesNothingOnTheTimer() throws Exception {
    int before = timer.scheduled();

    broker.subscribe(request(() -> {}).build(), subscriber);
    once("start");

    assertThat(timer.scheduled()).isEqualTo(before);
  }

  @Test
  void anErrorOfAnyKindFallsBackAtOnce() throws Exception {
    Runnable failing =
        () -> {
          throw new OutOfMemoryError("on purpose");
        };

    broker.subscribe(request(failing).build(), subscriber);

    assertThat(once("start")).startsWith("snapshot(authorised) start");
  }

  @Test
  void aFallBackIsOneWarning() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger(SnapshotLoader.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.addAppender(lines);
    Runnable failing =
        () -> {
          throw new IllegalStateException("on purpose");
        };

    broker.subscribe(request(failing).build(), subscriber);
    once("start");
    logger.detachAppender(lines);

    assertThat(List.copyOf(lines.list))
        .filteredOn(line -> line.getLevel() == Level.WARN)
        .extracting(ILoggingEvent::getFormattedMessage)
        .singleElement()
        .asString()
        .contains("ann");
  }

  @Test
  void aResumedRunAcrossAnEpochIsAGapAndThenAFreshSnapshot() throws Exception {
    broker.subscribe(request(() -> {}).lastEventId("other.5").build(), subscriber);

    assertThat(once("start")).startsWith("gap(epoch) | snapshot(loaded) start");
  }

  @Test
  void aRunResumedByIdLoadsNoSnapshot() throws Exception {
    publishMany();
    broker.subscribe(request(() -> {}).lastEventId(broker.cursor().toString()).build(), subscriber);

    assertThat(once("start")).startsWith("start");
  }

  @Test
  void whoIsToBeDisconnectedEndsAtTheFirstSnapshotThatIsOvertaken() throws Exception {
    broker.subscribe(
        request(this::publishMany).lagPolicy(LagPolicy.DISCONNECT).build(), subscriber);

    assertThat(once("close")).isEqualTo("close(slow)");
  }

  @Test
  void snapshotsThatWereOvertakenLongAgoAreForgiven() throws Exception {
    ManualExecutor lane = new ManualExecutor();
    int[] overtakings = {0};
    Subscription subscription =
        broker.subscribe(
            request(
                    () -> {
                      if (overtakings[0]++ % 2 == 0) {
                        publishMany();
                      }
                    })
                .lane(lane)
                .build(),
            subscriber);
    for (int day = 1; day <= 5; day++) {
      int starts = day;
      while (count("start") < starts && subscription.state() != Subscription.State.CLOSED) {
        lane.runAll();
        Thread.onSpinWait();
      }
      lane.runAll();
      publishMany();
    }

    assertThat(subscription.state()).isNotEqualTo(Subscription.State.CLOSED);
    assertThat(subscriber.record()).doesNotContain("close");
    subscription.close();
    lane.runAll();
  }

  private long count(String word) {
    return java.util.Arrays.stream(subscriber.record().split(" ")).filter(word::equals).count();
  }

  private void publishMany() {
    for (int i = 0; i < 20; i++) {
      broker.publish(Event.of(TOPIC, "t", "x"));
    }
  }

  private String once(String word) throws Exception {
    return subscriber.when(seen -> seen.record().contains(word)).get(60, TimeUnit.SECONDS);
  }

  private static SubscribeRequest.Builder<String> request(Runnable loading) {
    return SubscribeRequest.by(new Authorized<>("ann", "authorised"))
        .filter(TopicFilter.exactly(TOPIC))
        .snapshot(
            new SnapshotSource<>() {
              @Override
              public Snapshot load(String authorized, Duration timeout) {
                loading.run();
                return Snapshot.of("state", "loaded");
              }

              @Override
              public Snapshot fallback(String authorized) {
                return Snapshot.of("state", authorized);
              }
            });
  }
}
