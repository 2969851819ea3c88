package dev.eventbroker.detached;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Audience;
import dev.eventbroker.BrokerException;
import dev.eventbroker.DetachedPublisher;
import dev.eventbroker.DrainReport;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Retry;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualTimer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is tried again, when, and at whose cost. */
class DetachedRetryTest {

  private static final Topic TOPIC = Topic.of("a");
  private static final EventId ID = new EventId("e", 1);
  private static final Interruption GAP = new Interruption(TopicFilter.exactly(TOPIC));
  private static final Retry THREE = new Retry(3, Duration.ofSeconds(1), Duration.ofSeconds(10));

  private final ManualTimer timer = new ManualTimer();
  private final List<Message> published = new CopyOnWriteArrayList<>();
  private final List<String> observed = new CopyOnWriteArrayList<>();
  private volatile Function<Message, CompletionStage<EventId>> store =
      message -> CompletableFuture.completedStage(ID);
  private final ThreadFactory threads = TaskThreads.named("test", true);
  private volatile boolean noThreads;
  private final DetachedWorkers workers =
      new DetachedWorkers(
          new DetachedWorkers.Limits(1, 100, Duration.ofSeconds(30)),
          new Surroundings(
              message -> {
                published.add(message);
                return store.apply(message);
              },
              () -> Set.of("ann"),
              (topic, cause) -> observed.add(topic + ": " + cause.getMessage()),
              timer,
              timer::nanos,
              new Random(1),
              this::newThread));
  private final DetachedPublisher detached = new DetachedView(workers);

  @AfterEach
  void stop() {
    workers.drain(Duration.ZERO);
  }

  @Test
  void aTaskIsTriedAgainUntilItSucceedsAndNobodyIsWoken() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    CompletionStage<Integer> done =
        detached.retrying(THREE).submit(TOPIC, context -> succeedsAt(3, attempts));

    awaitPaused();
    timer.advance(Duration.ofSeconds(1));
    awaitPaused();
    timer.advance(Duration.ofSeconds(2));

    assertThat(done.toCompletableFuture().get(30, TimeUnit.SECONDS)).isEqualTo(3);
    assertThat(workers.failed()).isZero();
    assertThat(observed).isEmpty();
  }

  @Test
  void afterTheLastAttemptItFailsOnceAndLoudly() {
    AtomicInteger attempts = new AtomicInteger();
    CompletionStage<Integer> done =
        detached.retrying(THREE).submit(TOPIC, context -> succeedsAt(4, attempts));

    awaitPaused();
    timer.advance(Duration.ofSeconds(1));
    awaitPaused();
    timer.advance(Duration.ofSeconds(2));

    assertThatThrownBy(() -> done.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasRootCauseMessage("attempt 3");
    assertThat(attempts).hasValue(3);
    assertThat(workers.failed()).isEqualTo(1);
    assertThat(observed).containsExactly("a: attempt 3");
  }

  @Test
  void aTaskThatWaitsForItsNextAttemptHoldsItsTopicButNoThread() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    List<String> order = new CopyOnWriteArrayList<>();
    CompletionStage<Boolean> first =
        detached
            .retrying(THREE)
            .submit(
                TOPIC,
                context -> {
                  succeedsAt(2, attempts);
                  return order.add("first");
                });
    CompletionStage<Boolean> second = detached.submit(TOPIC, context -> order.add("second"));
    awaitPaused();

    // There is one seat, and it is free although the first task waits.
    CompletionStage<Boolean> other =
        detached.submit(Topic.of("b"), context -> order.add("other topic"));
    assertThat(other.toCompletableFuture().get(30, TimeUnit.SECONDS)).isTrue();
    assertThat(workers.running()).isZero();
    assertThat(workers.queued()).isEqualTo(2);
    timer.advance(Duration.ofSeconds(1));

    assertThat(first.toCompletableFuture().get(30, TimeUnit.SECONDS)).isTrue();
    assertThat(second.toCompletableFuture().get(30, TimeUnit.SECONDS)).isTrue();
    assertThat(order).containsExactly("other topic", "first", "second");
  }

  @Test
  void whatMakesNoSenseToTryAgainFailsAtOnce() {
    for (RuntimeException hopeless :
        List.of(new IllegalArgumentException("too large"), new BrokerException.Closed("x"))) {
      AtomicInteger attempts = new AtomicInteger();
      CompletionStage<Object> done =
          detached
              .retrying(THREE)
              .submit(
                  TOPIC,
                  context -> {
                    attempts.incrementAndGet();
                    throw hopeless;
                  });

      assertThatThrownBy(() -> done.toCompletableFuture().get(30, TimeUnit.SECONDS))
          .hasCause(hopeless);
      assertThat(attempts).hasValue(1);
    }
  }

  @Test
  void anEventThatWasNotStoredIsTriedAgainUnderOneIdempotencyKey() throws Exception {
    CompletableFuture<EventId> lost = new CompletableFuture<>();
    store = message -> published.size() == 1 ? lost : CompletableFuture.completedStage(ID);
    CompletionStage<EventId> done = detached.retrying(THREE).publish(Event.of(TOPIC, "t", "x"));
    await(() -> published.size() == 1);

    lost.completeExceptionally(new IOException("the connection was lost"));
    turnTheClockUntilDone(done);

    assertThat(done.toCompletableFuture().get(30, TimeUnit.SECONDS)).isEqualTo(ID);
    List<Optional<String>> keys =
        published.stream().map(message -> ((Event) message).idempotencyKey()).toList();
    assertThat(keys).hasSize(2).doesNotContain(Optional.empty());
    assertThat(keys.get(0)).isEqualTo(keys.get(1));
    assertThat(workers.failed()).isZero();
  }

  @Test
  void aKeyOfItsOwnIsKeptAndWithoutRetryNoneIsGiven() throws Exception {
    Event own = Event.of(TOPIC, "t", "x").withIdempotencyKey("mine");

    detached.retrying(THREE).publish(own).toCompletableFuture().get(30, TimeUnit.SECONDS);
    detached.publish(Event.of(TOPIC, "t", "y")).toCompletableFuture().get(30, TimeUnit.SECONDS);

    assertThat(published.stream().map(message -> ((Event) message).idempotencyKey()))
        .containsExactly(Optional.of("mine"), Optional.empty());
  }

  @Test
  void anEventThatIsBeingStoredHoldsItsTopicSoThatARetryCannotOvertake() throws Exception {
    CompletableFuture<EventId> pending = new CompletableFuture<>();
    store = message -> published.size() == 1 ? pending : CompletableFuture.completedStage(ID);
    DetachedPublisher retrying = detached.retrying(THREE);
    CompletionStage<EventId> first = retrying.publish(Event.of(TOPIC, "t", "1"));
    CompletionStage<EventId> second = retrying.publish(Event.of(TOPIC, "t", "2"));
    retrying
        .publish(Event.of(Topic.of("b"), "t", "other"))
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);

    pending.completeExceptionally(new IOException("not stored"));
    turnTheClockUntilDone(first);

    first.toCompletableFuture().get(30, TimeUnit.SECONDS);
    second.toCompletableFuture().get(30, TimeUnit.SECONDS);
    assertThat(published.stream().map(message -> ((Event) message).data()))
        .containsExactly("1", "other", "1", "2");
  }

  @Test
  void anAnswerThatNeverComesEndsTheAttemptWithItsTime() {
    store = message -> new CompletableFuture<>();
    CompletionStage<EventId> done =
        detached
            .retrying(new Retry(1, Duration.ofSeconds(1), Duration.ofSeconds(1)))
            .publish(Event.of(TOPIC, "t", "x"));
    await(() -> published.size() == 1 && workers.running() == 0 && timer.scheduled() == 1);

    timer.advance(Duration.ofSeconds(30));

    assertThatThrownBy(() -> done.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(TimeoutException.class);
    assertThat(workers.failed()).isEqualTo(1);
  }

  @Test
  void whatWaitsForItsNextAttemptIsAbandonedAtTheEndAndReportedAndTheRestGoesOn() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    CompletionStage<Integer> waiting =
        detached.retrying(THREE).submit(TOPIC, context -> succeedsAt(2, attempts));
    CompletionStage<String> behind = detached.submit(TOPIC, context -> "done");
    awaitPaused();

    DrainReport report = workers.drain(Duration.ofSeconds(30));

    assertThat(report).isEqualTo(new DrainReport(1, 1));
    assertThat(workers.abandoned()).isEqualTo(1);
    assertThatThrownBy(() -> waiting.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(BrokerException.Closed.class)
        .satisfies(
            failure -> assertThat(failure.getCause().getSuppressed()[0]).hasMessage("attempt 1"));
    assertThat(behind.toCompletableFuture().get(30, TimeUnit.SECONDS)).isEqualTo("done");
    timer.advance(Duration.ofHours(1));
    assertThat(attempts).hasValue(1);
  }

  @Test
  void whatFailsWhileTheBrokerClosesIsNotTriedAgain() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CompletionStage<Object> failing =
        detached
            .retrying(THREE)
            .submit(
                TOPIC,
                context -> {
                  running.countDown();
                  while (!context.shuttingDown()) {
                    Thread.onSpinWait();
                  }
                  throw new IOException("too late");
                });
    running.await();

    DrainReport report = workers.drain(Duration.ofSeconds(30));

    assertThat(report).isEqualTo(new DrainReport(0, 1));
    assertThatThrownBy(() -> failing.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasRootCauseMessage("too late");
  }

  @Test
  void whatTheEndInterruptsIsCountedOnceThoughItWouldHaveBeenTriedAgain() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CompletionStage<Object> stuck =
        detached
            .retrying(THREE)
            .submit(
                TOPIC,
                context -> {
                  running.countDown();
                  new CountDownLatch(1).await();
                  return "never";
                });
    running.await();

    DrainReport report = workers.drain(Duration.ZERO);

    assertThat(report).isEqualTo(new DrainReport(0, 1));
    assertThatThrownBy(() -> stuck.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(InterruptedException.class);
    assertThat(workers.abandoned()).isEqualTo(1);
  }

  @Test
  void anEventWhoseStoringIsNotKnownWhenTheTimeIsUpFailsInsteadOfWaitingForEver() throws Exception {
    store = message -> new CompletableFuture<>();
    CompletionStage<EventId> done = detached.retrying(THREE).publish(Event.of(TOPIC, "t", "x"));
    await(() -> published.size() == 1 && workers.running() == 0 && timer.scheduled() == 1);

    DrainReport report = workers.drain(Duration.ZERO);

    assertThat(report).isEqualTo(new DrainReport(0, 1));
    assertThatThrownBy(() -> done.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(BrokerException.Closed.class);
  }

  @Test
  void whatIsHandedOnAfterTheEndFailsInsteadOfWaitingForEver() throws Exception {
    CompletableFuture<EventId> stored = new CompletableFuture<>();
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    CompletionStage<CompletionStage<EventId>> done =
        detached
            .retrying(THREE)
            .submit(
                TOPIC,
                context -> {
                  running.countDown();
                  awaitWhateverInterrupts(release);
                  return stored;
                });
    assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();

    DrainReport report = workers.drain(Duration.ZERO);
    release.countDown();

    assertThat(report).isEqualTo(new DrainReport(0, 1));
    assertThatThrownBy(() -> done.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(BrokerException.Closed.class);
    assertThat(workers.failed()).isEqualTo(1);
    assertThat(workers.queued()).isZero();
  }

  @Test
  void whatWasStoredIsNotTriedAgainBecauseNoThreadCouldBeHadToSaySo() throws Exception {
    CompletableFuture<EventId> stored = new CompletableFuture<>();
    store = message -> stored;
    CompletionStage<EventId> done = detached.retrying(THREE).publish(Event.of(TOPIC, "e", ""));
    await(() -> published.size() == 1 && workers.running() == 0 && timer.scheduled() == 1);

    noThreads = true;
    stored.complete(ID);

    assertThat(done.toCompletableFuture().get(30, TimeUnit.SECONDS)).isEqualTo(ID);
    assertThat(published).hasSize(1);
  }

  private static void awaitWhateverInterrupts(CountDownLatch latch) {
    boolean open = false;
    while (!open) {
      try {
        open = latch.await(30, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        open = false; // as code does that knows better
      }
    }
  }

  @Test
  void anUnknownAudienceIsToldAsAGapInThePlaceOfTheEventWhenThatIsWanted() throws Exception {
    Event event = Event.of(TOPIC, "t", "secret");
    CompletionStage<EventId> unknown =
        detached
            .tellingGaps()
            .publish(
                event,
                (context, same, connected) -> {
                  throw new IOException("who knows");
                });
    detached.publish(Event.of(TOPIC, "t", "next")).toCompletableFuture().get(30, TimeUnit.SECONDS);

    assertThatThrownBy(() -> unknown.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasRootCauseMessage("who knows");
    assertThat(observed).containsExactly("a: who knows");
    assertThat(published.get(0)).isEqualTo(GAP);
    assertThat(((Event) published.get(1)).data()).isEqualTo("next");
  }

  @Test
  void withoutThatChoiceNoGapIsTold() {
    CompletionStage<EventId> unknown =
        detached.publish(
            Event.of(TOPIC, "t", "secret"),
            (context, same, connected) -> {
              throw new IOException("who knows");
            });

    assertThatThrownBy(() -> unknown.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasRootCauseMessage("who knows");
    assertThat(published).isEmpty();
  }

  @Test
  void nobodyIsPublishedForNobodyWithNeitherGapNorRetryNorWarning() throws Exception {
    detached
        .retrying(THREE)
        .tellingGaps()
        .publish(Event.of(TOPIC, "t", "x"), (context, event, connected) -> Audience.nobody())
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);

    assertThat(published).hasSize(1);
    assertThat(((Event) published.get(0)).audience()).isEqualTo(Audience.nobody());
    assertThat(observed).isEmpty();
  }

  @Test
  void theGapComesAfterTheLastAttemptInWhicheverOrderTheViewsAreMade() {
    Retry two = new Retry(2, Duration.ofSeconds(1), Duration.ofSeconds(1));
    for (DetachedPublisher both :
        List.of(detached.retrying(two).tellingGaps(), detached.tellingGaps().retrying(two))) {
      published.clear();
      CompletionStage<EventId> unknown =
          both.publish(
              Event.of(TOPIC, "t", "secret"),
              (context, same, connected) -> {
                throw new IOException("who knows");
              });
      awaitPaused();
      assertThat(published).isEmpty();
      timer.advance(Duration.ofSeconds(1));

      assertThatThrownBy(() -> unknown.toCompletableFuture().get(30, TimeUnit.SECONDS))
          .hasRootCauseMessage("who knows");
      assertThat(published).containsExactly(GAP);
    }
  }

  @Test
  void aGapThatCanNotBeToldIsAFailureOfItsOwn() {
    store = message -> CompletableFuture.failedStage(new IOException("the database is gone"));

    CompletionStage<EventId> lost = detached.tellingGaps().publish(Event.of(TOPIC, "t", "x"));

    assertThatThrownBy(() -> lost.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasRootCauseMessage("the database is gone");
    assertThat(workers.failed()).isEqualTo(2);
    assertThat(published).hasSize(2).contains(GAP);
  }

  @Test
  void whatTheEndAbandonsIsOneGapForEachTopicAndNotOneForEachTask() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    var unused =
        detached.submit(
            Topic.of("b"),
            context -> {
              running.countDown();
              new CountDownLatch(1).await();
              return "never";
            });
    running.await();
    for (int i = 0; i < 10; i++) {
      var never = detached.tellingGaps().publish(Event.of(TOPIC, "t", "x"));
      assertThat(never).isNotNull();
    }

    DrainReport report = workers.drain(Duration.ZERO);

    assertThat(report).isEqualTo(new DrainReport(0, 11));
    assertThat(published).containsExactly(GAP);
  }

  private static int succeedsAt(int attempt, AtomicInteger attempts) throws IOException {
    int now = attempts.incrementAndGet();
    if (now < attempt) {
      throw new IOException("attempt " + now);
    }
    return now;
  }

  /** The next attempt is in the timer, and the thread of the last one is free for others. */
  private Thread newThread(Runnable work) {
    if (noThreads) {
      throw new OutOfMemoryError("unable to create native thread (of the test)");
    }
    return threads.newThread(work);
  }

  private void awaitPaused() {
    await(() -> workers.running() == 0 && timer.scheduled() == 1);
  }

  private void turnTheClockUntilDone(CompletionStage<?> stage) {
    CompletableFuture<?> done = stage.toCompletableFuture();
    await(
        () -> {
          if (workers.running() == 0 && timer.scheduled() == 1) {
            timer.advance(Duration.ofMillis(10));
          }
          return done.isDone();
        });
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited 30 s").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
