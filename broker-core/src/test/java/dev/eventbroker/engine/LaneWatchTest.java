package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A lane that makes no progress is reported, once, with who blocks it; an idle one never is. */
class LaneWatchTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final ManualTimer timer = new ManualTimer();
  private final List<String> reports = new CopyOnWriteArrayList<>();
  private final Broker broker =
      new BrokerBuilder()
          .timer(timer)
          .nanoClock(timer::nanos)
          .laneBlockedAfter(Duration.ofSeconds(4))
          .observer(
              new BrokerObserver() {
                @Override
                public void laneBlocked(String lane, Optional<String> principal, Duration lasted) {
                  assertThat(lasted).isGreaterThanOrEqualTo(Duration.ofSeconds(4));
                  reports.add(lane + " " + principal.orElse("-"));
                }
              })
          .build();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(work -> new Thread(work, "the-lane"));
  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void close() {
    release.countDown();
    broker.close();
    thread.shutdownNow();
  }

  @Test
  void aSubscriberThatBlocksItsLaneIsReportedByNameAndOnce() throws Exception {
    Blocking blocking = new Blocking();
    RecordingSubscriber other = new RecordingSubscriber();
    subscribe("bob", thread, other);
    subscribe("ann", thread, blocking);
    publish("a");
    assertThat(entered.await(60, TimeUnit.SECONDS)).isTrue();

    timer.advance(Duration.ofSeconds(3));
    assertThat(reports).isEmpty();
    timer.advance(Duration.ofSeconds(60));

    assertThat(reports).containsExactly("the-lane ann");
  }

  @Test
  void aNewBlockageOfTheSameLaneIsReportedAgain() throws Exception {
    Blocking blocking = new Blocking();
    subscribe("ann", thread, blocking);
    publish("a");
    assertThat(entered.await(60, TimeUnit.SECONDS)).isTrue();
    timer.advance(Duration.ofSeconds(60));
    release.countDown();
    blocking.when(seen -> seen.record().endsWith("a |")).get(60, TimeUnit.SECONDS);
    thread.submit(() -> {}).get(60, TimeUnit.SECONDS); // the lane's run is over
    timer.advance(Duration.ofSeconds(60));
    assertThat(reports).hasSize(1);
    CountDownLatch blockedAgain = new CountDownLatch(1);
    CountDownLatch releaseAgain = new CountDownLatch(1);
    thread.execute(
        () -> {
          blockedAgain.countDown();
          await(releaseAgain);
        });
    assertThat(blockedAgain.await(60, TimeUnit.SECONDS)).isTrue();

    publish("b");
    timer.advance(Duration.ofSeconds(60));
    releaseAgain.countDown();

    assertThat(reports).hasSize(2);
    assertThat(reports.get(1)).startsWith("on ").endsWith(" -");
  }

  @Test
  void aLaneThatHasNothingToDoIsNotReportedHoweverLongThatLasts() {
    ManualExecutor lane = new ManualExecutor();
    subscribe("ann", lane, new RecordingSubscriber());
    lane.runAll();

    timer.advance(Duration.ofHours(1));

    assertThat(reports).isEmpty();
  }

  @Test
  void aLaneThatWaitsForItsExecutorIsReportedAsThatAndBlamesNobody() {
    ManualExecutor lane = new ManualExecutor();
    subscribe("ann", lane, new RecordingSubscriber());
    lane.runAll();
    publish("a");

    timer.advance(Duration.ofSeconds(60));

    assertThat(reports).hasSize(1);
    assertThat(reports.get(0))
        .startsWith("on dev.eventbroker.testing.ManualExecutor")
        .endsWith(" -");
    lane.runAll();
  }

  @Test
  void aLaneThatIsAlwaysBusyButGoesOnIsNotReported() {
    ManualExecutor lane = new ManualExecutor();
    subscribe("ann", lane, new RecordingSubscriber());
    for (int i = 0; i < 120; i++) {
      lane.runAll();
      publish("a");
      timer.advance(Duration.ofSeconds(1));
    }
    lane.runAll();

    assertThat(reports).isEmpty();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void subscribe(String principal, Executor lane, RecordingSubscriber subscriber) {
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal(principal))
            .filter(TopicFilter.exactly(TOPIC))
            .lane(lane)
            .build(),
        subscriber);
  }

  private void publish(String data) {
    broker.publish(Event.of(TOPIC, "t", data));
  }

  private final class Blocking extends RecordingSubscriber {

    @Override
    public void onEvent(Delivery delivery) {
      entered.countDown();
      await(release);
      super.onEvent(delivery);
    }
  }
}
