package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/**
 * Incident A: a fire-and-forget publish inherited the HTTP request's context. Its database session
 * went back to the pool when the handler returned; the access check then failed, the audience came
 * out empty, and every event vanished with a debug line.
 */
class IncidentATest {

  private static final Topic TOPIC = Topic.of("project/42");

  /**
   * What a web framework binds to a request's thread, and hands down to the threads that it starts.
   */
  private static final InheritableThreadLocal<RequestSession> CURRENT =
      new InheritableThreadLocal<>();

  private final AtomicReference<Throwable> observed = new AtomicReference<>();
  private final Broker broker =
      new BrokerBuilder()
          .detachedThreads(
              1) // the second task would come to the first one's thread, were there a pool
          .observer(
              new BrokerObserver() {
                @Override
                public void detachedFailed(Topic topic, Throwable cause) {
                  observed.set(cause);
                }
              })
          .build();
  private final RecordingSubscriber ann = new RecordingSubscriber();

  @AfterEach
  void close() {
    CURRENT.remove();
    MDC.clear();
    broker.close();
  }

  @Test
  void theAudienceIsResolvedInTheBrokersLifetimeWithCapturedValuesAndNotInTheDeadRequest()
      throws Exception {
    subscribeAnn();
    RequestSession request = new RequestSession();
    CURRENT.set(request);
    MDC.put("request", "4711");
    CountDownLatch handlerReturned = new CountDownLatch(1);
    AtomicReference<Optional<RequestSession>> inherited = new AtomicReference<>();
    AtomicReference<Optional<String>> inheritedMdc = new AtomicReference<>();
    AtomicReference<ClassLoader> inheritedLoader = new AtomicReference<>();
    ClassLoader requestLoader = new ClassLoader(getClass().getClassLoader()) {};
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    Thread.currentThread().setContextClassLoader(requestLoader);
    List<String> members = List.of("ann");

    // The first submit is what makes the worker thread, and it is made by this request's thread.
    CompletionStage<EventId> published =
        broker
            .detached()
            .publish(
                Event.of(TOPIC, "changed", "x"),
                (context, event, connected) -> {
                  handlerReturned.await();
                  inherited.set(Optional.ofNullable(CURRENT.get()));
                  inheritedMdc.set(Optional.ofNullable(MDC.get("request")));
                  inheritedLoader.set(Thread.currentThread().getContextClassLoader());
                  Optional<RequestSession> session = inherited.get();
                  return Audience.of(
                      session.isPresent() ? session.get().visibleTo(members) : members);
                });
    Thread.currentThread().setContextClassLoader(before);
    request.returnToPool();
    handlerReturned.countDown();

    EventId id = published.toCompletableFuture().get(30, TimeUnit.SECONDS);

    assertThat(inherited.get()).isEmpty();
    assertThat(inheritedMdc.get()).isEmpty();
    assertThat(inheritedLoader.get()).isNotSameAs(requestLoader);
    assertThat(ann.when(seen -> seen.data().contains("x")).get(30, TimeUnit.SECONDS)).isNotEmpty();
    assertThat(id).isEqualTo(broker.cursor());
  }

  @Test
  void anAudienceThatCouldNotBeFoundOutIsALoudFailureAndNeverAnEmptyAudience() {
    CompletionStage<EventId> published =
        broker
            .detached()
            .publish(
                Event.of(TOPIC, "changed", "x"),
                (context, event, connected) -> {
                  throw new IllegalStateException("the session is closed");
                });

    assertThatThrownBy(() -> published.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasRootCauseMessage("the session is closed");
    assertThat(observed.get()).hasMessage("the session is closed");
    assertThat(broker.stats().detached().failed()).isEqualTo(1);
    assertThat(broker.stats().events().published()).isZero();
  }

  @Test
  void subscribersAreToldAGapInsteadWhenThatIsWantedAndReloadUnderTheirOwnAccessChecks()
      throws Exception {
    subscribeAnn();

    CompletionStage<EventId> published =
        broker
            .detached()
            .tellingGaps()
            .publish(
                Event.of(TOPIC, "changed", "hidden"),
                (context, event, connected) -> {
                  throw new IllegalStateException("the session is closed");
                });

    assertThatThrownBy(() -> published.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasRootCauseMessage("the session is closed");
    ann.when(seen -> !seen.gaps().isEmpty()).get(30, TimeUnit.SECONDS);
    assertThat(ann.gaps().get(0).reason()).isEqualTo(Gap.Reason.SOURCE);
    assertThat(ann.gaps().get(0).scope()).isEqualTo(TopicFilter.exactly(TOPIC));
    assertThat(ann.data()).isEmpty();
    assertThat(observed.get()).hasMessage("the session is closed");
  }

  @Test
  void anAudienceThatCanBeFoundOutTheNextTimeIsOnlyLate() throws Exception {
    subscribeAnn();
    AtomicInteger asked = new AtomicInteger();
    Retry twice = new Retry(2, Duration.ofMillis(1), Duration.ofMillis(1));

    broker
        .detached()
        .retrying(twice)
        .publish(
            Event.of(TOPIC, "changed", "late"),
            (context, event, connected) -> {
              if (asked.incrementAndGet() == 1) {
                throw new IllegalStateException("the session is closed");
              }
              return Audience.of(List.of("ann"));
            })
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);

    ann.when(seen -> seen.data().contains("late")).get(30, TimeUnit.SECONDS);
    assertThat(asked).hasValue(2);
    assertThat(ann.gaps()).isEmpty();
    assertThat(observed.get()).isNull();
  }

  @Test
  void whatATaskLeavesOnItsThreadIsNotThereForTheNext() throws Exception {
    RequestSession leftBehind = new RequestSession();
    broker
        .detached()
        .submit(
            TOPIC,
            context -> {
              CURRENT.set(leftBehind);
              MDC.put("request", "4711");
              return true;
            })
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);

    boolean clean =
        broker
            .detached()
            .submit(TOPIC, context -> CURRENT.get() == null && MDC.get("request") == null)
            .toCompletableFuture()
            .get(30, TimeUnit.SECONDS);

    assertThat(clean).isTrue();
  }

  @Test
  void nobodyIsADecisionAndIsPublishedForNobody() throws Exception {
    subscribeAnn();

    broker
        .detached()
        .publish(
            Event.of(TOPIC, "changed", "hidden"), (context, event, connected) -> Audience.nobody())
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
    broker.publish(Event.of(TOPIC, "changed", "seen"));

    ann.when(seen -> seen.data().contains("seen")).get(30, TimeUnit.SECONDS);
    assertThat(ann.data()).containsExactly("seen");
    assertThat(observed.get()).isNull();
  }

  private void subscribeAnn() throws Exception {
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann")).filter(TopicFilter.exactly(TOPIC)).build(),
        ann);
    CompletableFuture<String> started = ann.when(seen -> seen.record().startsWith("start"));
    started.get(30, TimeUnit.SECONDS);
  }

  /** A database session of a request: of no use once it is back in the pool. */
  private static final class RequestSession {

    private volatile boolean returned;

    void returnToPool() {
      returned = true;
    }

    /**
     * As it was in the incident: the failed check is swallowed, and the audience comes out empty.
     */
    List<String> visibleTo(List<String> members) {
      return returned ? List.of() : members;
    }
  }
}
