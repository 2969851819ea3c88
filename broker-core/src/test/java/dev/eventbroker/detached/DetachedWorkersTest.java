package dev.eventbroker.detached;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.BrokerException;
import dev.eventbroker.DetachedPublisher;
import dev.eventbroker.DrainReport;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.testing.ManualTimer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DetachedWorkersTest {

  private static final Topic TOPIC = Topic.of("a");

  private final ManualTimer timer = new ManualTimer();
  private final List<String> observed = new ArrayList<>();
  private Function<Event, CompletionStage<EventId>> publish =
      event -> CompletableFuture.completedStage(new EventId("e", 1));
  private volatile BiConsumer<Topic, Throwable> observing =
      (topic, cause) -> {
        synchronized (observed) {
          observed.add(topic + ": " + cause.getMessage());
        }
      };
  private final DetachedWorkers workers =
      new DetachedWorkers(
          new DetachedWorkers.Limits(4, 100, Duration.ofSeconds(30)),
          new Surroundings(
              message -> publish.apply((Event) message),
              () -> Set.of("ann"),
              (topic, cause) -> observing.accept(topic, cause),
              timer,
              timer::nanos,
              new Random(1),
              TaskThreads.named("test", true)));
  private final DetachedPublisher detached = new DetachedView(workers);

  @AfterEach
  void stop() {
    workers.drain(Duration.ZERO);
  }

  @Test
  void tasksOfOneTopicRunOneAfterAnotherInTheOrderTheyWereSubmitted() throws Exception {
    ConcurrentLinkedQueue<Integer> order = new ConcurrentLinkedQueue<>();
    List<CompletableFuture<Integer>> done = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      int number = i;
      done.add(
          detached
              .submit(
                  TOPIC,
                  context -> {
                    order.add(number);
                    return number;
                  })
              .toCompletableFuture());
    }

    CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);

    assertThat(List.copyOf(order)).isSorted().hasSize(100);
  }

  @Test
  void tasksOfDifferentTopicsRunSideBySide() throws Exception {
    CyclicBarrier together = new CyclicBarrier(3);
    List<CompletableFuture<Integer>> done = new ArrayList<>();
    for (String topic : List.of("a", "b", "c")) {
      done.add(detached.submit(Topic.of(topic), context -> together.await()).toCompletableFuture());
    }

    for (CompletableFuture<Integer> one : done) {
      assertThat(one.get(60, TimeUnit.SECONDS)).isBetween(0, 2);
    }
  }

  @Test
  void whatIsOverTheBoundIsRefusedVisibly() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    List<CompletableFuture<Boolean>> taken = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      taken.add(waiting(Topic.of("t" + i), release).toCompletableFuture());
    }

    assertThatThrownBy(
            () -> waiting(TOPIC, release).toCompletableFuture().get(60, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(BrokerException.Overloaded.class)
        .hasRootCauseMessage("detached: 100 tasks are pending already (expected: fewer)");
    assertThat(workers.failed()).isEqualTo(1);
    release.countDown();
    for (CompletableFuture<Boolean> one : taken) {
      assertThat(one.get(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aTaskThatThrowsIsToldAndDoesNotHoldUpTheNext() throws Exception {
    CompletionStage<Object> bad =
        detached.submit(
            TOPIC,
            context -> {
              throw new java.io.IOException("no");
            });
    CompletionStage<String> good = detached.submit(TOPIC, context -> "yes");

    assertThat(good.toCompletableFuture().get(60, TimeUnit.SECONDS)).isEqualTo("yes");
    assertThatThrownBy(() -> bad.toCompletableFuture().get(60, TimeUnit.SECONDS))
        .hasRootCauseMessage("no");
    synchronized (observed) {
      assertThat(observed).containsExactly("a: no");
    }
  }

  @Test
  void anEventThatCouldNotBeStoredLaterIsAFailureToo() {
    publish = event -> CompletableFuture.failedStage(new BrokerException("the database is gone"));

    CompletionStage<EventId> published = detached.publish(Event.of(TOPIC, "t", ""));

    assertThatThrownBy(() -> published.toCompletableFuture().get(60, TimeUnit.SECONDS))
        .hasRootCauseMessage("the database is gone");
    assertThat(workers.failed()).isEqualTo(1);
  }

  @Test
  void aTaskIsInterruptedWhenItsTimeIsUpAndTheNextOneIsNot() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CompletionStage<Duration> late =
        detached.submit(
            TOPIC,
            context -> {
              running.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                return context.remaining();
              }
              return Duration.ofSeconds(-1);
            });
    CompletionStage<Boolean> next =
        detached.submit(TOPIC, context -> Thread.currentThread().isInterrupted());
    running.await();

    timer.advance(Duration.ofSeconds(30));

    assertThat(late.toCompletableFuture().get(60, TimeUnit.SECONDS)).isEqualTo(Duration.ZERO);
    assertThat(next.toCompletableFuture().get(60, TimeUnit.SECONDS)).isFalse();
  }

  @Test
  void anEventThatIsStillBeingStoredIsNotFinished() throws Exception {
    CompletableFuture<EventId> stored = new CompletableFuture<>();
    CountDownLatch handedOn = new CountDownLatch(1);
    publish =
        event -> {
          handedOn.countDown();
          return stored;
        };
    CompletionStage<EventId> published = detached.publish(Event.of(TOPIC, "t", ""));
    handedOn.await();

    DrainReport report = workers.drain(Duration.ZERO);

    assertThat(report).isEqualTo(new DrainReport(0, 1));
    stored.complete(new EventId("e", 7));
    assertThat(published.toCompletableFuture().get(60, TimeUnit.SECONDS))
        .isEqualTo(new EventId("e", 7));
  }

  @Test
  void drainingFinishesWhatWaits() throws Exception {
    CompletionStage<Boolean> first =
        detached.submit(
            TOPIC,
            context -> {
              while (!context.shuttingDown()) {
                Thread.onSpinWait();
              }
              return true;
            });
    CompletionStage<String> second = detached.submit(TOPIC, context -> "done");

    DrainReport report = workers.drain(Duration.ofSeconds(10));

    assertThat(report).isEqualTo(new DrainReport(2, 0));
    assertThat(first.toCompletableFuture().get(60, TimeUnit.SECONDS)).isTrue();
    assertThat(second.toCompletableFuture().get(60, TimeUnit.SECONDS)).isEqualTo("done");
  }

  @Test
  void whatIsNotDoneWhenTheTimeIsUpIsInterruptedAndCounted() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    CountDownLatch running = new CountDownLatch(1);
    CompletionStage<Object> stuck =
        detached.submit(
            TOPIC,
            context -> {
              running.countDown();
              try {
                new CountDownLatch(1).await();
              } finally {
                interrupted.countDown();
              }
              return "never";
            });
    CompletionStage<String> never = detached.submit(TOPIC, context -> "never");
    running.await();

    DrainReport report = workers.drain(Duration.ZERO);

    assertThat(report).isEqualTo(new DrainReport(0, 2));
    assertThat(report.complete()).isFalse();
    assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> stuck.toCompletableFuture().get(60, TimeUnit.SECONDS))
        .hasCauseInstanceOf(InterruptedException.class);
    assertThatThrownBy(() -> never.toCompletableFuture().get(60, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(BrokerException.Closed.class);
    assertThatThrownBy(() -> detached.submit(TOPIC, context -> "late").toCompletableFuture().get())
        .hasRootCauseInstanceOf(BrokerException.Closed.class);
  }

  @Test
  void anErrorThatNobodyForesawFailsItsStageAndDoesNotHoldUpItsTopic() {
    CompletionStage<Object> bad =
        detached.submit(
            TOPIC,
            context -> {
              throw new OutOfMemoryError("on purpose");
            });
    CompletionStage<String> good = detached.submit(TOPIC, context -> "yes");

    assertThatThrownBy(() -> bad.toCompletableFuture().get(60, TimeUnit.SECONDS))
        .hasRootCauseMessage("on purpose");
    assertThat(good.toCompletableFuture()).succeedsWithin(Duration.ofSeconds(60)).isEqualTo("yes");
    assertThat(workers.running()).isZero();
    assertThat(workers.failed()).isEqualTo(1);
  }

  @Test
  void anObserverThatThrowsHoldsUpNothing() {
    observing =
        (topic, cause) -> {
          throw new NoClassDefFoundError("on purpose");
        };
    CompletionStage<Object> bad =
        detached.submit(
            TOPIC,
            context -> {
              throw new java.io.IOException("no");
            });
    CompletionStage<String> good = detached.submit(TOPIC, context -> "yes");

    assertThatThrownBy(() -> bad.toCompletableFuture().get(60, TimeUnit.SECONDS))
        .hasRootCauseMessage("no");
    assertThat(good.toCompletableFuture()).succeedsWithin(Duration.ofSeconds(60));
    workers.drain(Duration.ZERO);
    assertThat(detached.submit(TOPIC, context -> "late").toCompletableFuture())
        .isCompletedExceptionally();
  }

  @Test
  void whenTheTimerIsGoneATaskFailsVisiblyAndItsTopicIsNotStuck() {
    timer.shutdown();

    CompletionStage<String> first = detached.submit(TOPIC, context -> "unbounded");
    CompletionStage<String> second = detached.submit(TOPIC, context -> "unbounded");

    for (CompletionStage<String> one : List.of(first, second)) {
      assertThat(one.toCompletableFuture())
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(RejectedExecutionException.class);
    }
    assertThat(workers.running()).isZero();
    assertThat(workers.queued()).isZero();
  }

  @Test
  void aTaskThatNoThreadCanBeHadForFailsVisiblyAndTheNextOneRuns() {
    AtomicBoolean exhausted = new AtomicBoolean(true);
    ThreadFactory threads = TaskThreads.named("exhausted", true);
    DetachedWorkers starving =
        new DetachedWorkers(
            new DetachedWorkers.Limits(1, 10, Duration.ofSeconds(30)),
            new Surroundings(
                message -> publish.apply((Event) message),
                Set::of,
                (topic, cause) -> {},
                timer,
                timer::nanos,
                new Random(1),
                work -> {
                  if (exhausted.get()) {
                    throw new OutOfMemoryError("unable to create native thread, on purpose");
                  }
                  return threads.newThread(work);
                }));

    CompletionStage<String> never = new DetachedView(starving).submit(TOPIC, context -> "ran");
    exhausted.set(false);
    CompletionStage<String> next = new DetachedView(starving).submit(TOPIC, context -> "ran");

    assertThat(never.toCompletableFuture())
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(BrokerException.class)
        .withRootCauseInstanceOf(OutOfMemoryError.class);
    assertThat(next.toCompletableFuture()).succeedsWithin(Duration.ofSeconds(30)).isEqualTo("ran");
    assertThat(starving.drain(Duration.ZERO)).isEqualTo(new DrainReport(0, 0));
  }

  @Test
  void aTimeoutTooLongToCountIsAsLongAsThereIs() {
    CompletionStage<String> done = detached.submit(TOPIC, context -> "done");

    DrainReport report = workers.drain(ChronoUnit.FOREVER.getDuration());

    assertThat(report.complete()).isTrue();
    assertThat(done.toCompletableFuture()).succeedsWithin(Duration.ofSeconds(60)).isEqualTo("done");
  }

  @Test
  void whatIsSubmittedWhileTheWorkersStopRunsOrFailsAndNothingWaitsForEver() throws Exception {
    ExecutorService submitters = Executors.newFixedThreadPool(2);
    try {
      for (int round = 0; round < 8; round++) {
        DetachedWorkers stopping =
            new DetachedWorkers(
                new DetachedWorkers.Limits(1, 1_000_000, Duration.ofSeconds(30)),
                new Surroundings(
                    message -> publish.apply((Event) message),
                    Set::of,
                    (topic, cause) -> {},
                    timer,
                    () -> 0L,
                    new Random(1),
                    TaskThreads.named("stopping", true)));
        CountDownLatch begun = new CountDownLatch(2);
        List<CompletableFuture<List<CompletableFuture<String>>>> submitted = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
          submitted.add(
              CompletableFuture.supplyAsync(() -> untilRefused(stopping, begun), submitters));
        }
        begun.await();
        stopping.drain(Duration.ZERO);

        for (CompletableFuture<List<CompletableFuture<String>>> some : submitted) {
          CompletableFuture<?>[] all =
              some.get(60, TimeUnit.SECONDS).toArray(CompletableFuture[]::new);
          assertThat(CompletableFuture.allOf(all).handle((value, failure) -> true))
              .as("round %d", round)
              .succeedsWithin(Duration.ofSeconds(60));
        }
        assertThat(stopping.queued()).isZero();
      }
    } finally {
      submitters.shutdownNow();
    }
  }

  @Test
  void whatIsRefusedWhileTheWorkersStopIsNotReportedAsAbandoned() throws Exception {
    ExecutorService submitters = Executors.newFixedThreadPool(2);
    try {
      for (int round = 0; round < 100; round++) {
        DetachedWorkers full =
            new DetachedWorkers(
                new DetachedWorkers.Limits(1, 1, Duration.ofSeconds(30)),
                new Surroundings(
                    message -> publish.apply((Event) message),
                    Set::of,
                    (topic, cause) -> {},
                    timer,
                    () -> 0L,
                    new Random(1),
                    TaskThreads.named("full", true)));
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        var unused =
            new DetachedView(full)
                .submit(
                    TOPIC,
                    context -> {
                      running.countDown();
                      return never.await(30, TimeUnit.SECONDS);
                    });
        assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
        CountDownLatch begun = new CountDownLatch(2);
        AtomicBoolean drained = new AtomicBoolean();
        List<Future<?>> refused = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
          refused.add(submitters.submit(() -> refusedUntil(drained, full, begun)));
        }
        assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();

        DrainReport report = full.drain(Duration.ZERO);
        drained.set(true);

        for (Future<?> one : refused) {
          one.get(30, TimeUnit.SECONDS);
        }
        assertThat(report).as("round %d", round).isEqualTo(new DrainReport(0, 1));
      }
    } finally {
      submitters.shutdownNow();
    }
  }

  private static void refusedUntil(
      AtomicBoolean drained, DetachedWorkers full, CountDownLatch begun) {
    DetachedPublisher publisher = new DetachedView(full);
    begun.countDown();
    while (!drained.get()) {
      var unused = publisher.submit(TOPIC, context -> "never");
    }
  }

  private static List<CompletableFuture<String>> untilRefused(
      DetachedWorkers stopping, CountDownLatch begun) {
    DetachedPublisher publisher = new DetachedView(stopping);
    List<CompletableFuture<String>> all = new ArrayList<>();
    begun.countDown();
    for (int i = 0; ; i++) {
      CompletableFuture<String> one =
          publisher.submit(Topic.of("t/" + i % 50), context -> "ran").toCompletableFuture();
      all.add(one);
      if (one.isCompletedExceptionally()) {
        return all;
      }
    }
  }

  private CompletionStage<Boolean> waiting(Topic topic, CountDownLatch release) {
    DetachedPublisher.Task<Boolean> task = context -> release.await(10, TimeUnit.SECONDS);
    return detached.submit(topic, task);
  }
}
