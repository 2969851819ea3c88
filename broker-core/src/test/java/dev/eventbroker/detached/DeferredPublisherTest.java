package dev.eventbroker.detached;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.BrokerException;
import dev.eventbroker.DeferredPublisher;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Revocation;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class DeferredPublisherTest {

  private static final Topic TOPIC = Topic.of("a");

  private final List<Message> published = new ArrayList<>();
  private final List<String> observed = new ArrayList<>();
  private Function<Message, CompletionStage<EventId>> store =
      message -> CompletableFuture.completedStage(new EventId("e", published.size()));
  private final DeferredPublishing publishing =
      new DeferredPublishing(
          new DeferredPublishing.Limits(3, 10),
          message -> {
            if (message instanceof Event event && event.data().equals("bad")) {
              throw new IllegalArgumentException("bad");
            }
          },
          message -> {
            published.add(message);
            return store.apply(message);
          },
          (message, cause) -> observed.add(message + ": " + cause.getMessage()),
          () -> 0L);
  private final DeferredPublisher deferred = publishing.begin();

  @Test
  void nothingIsPublishedBeforeTheCommitAndThenAllOfItInOrder() throws Exception {
    Message revoked = new Revocation("bob", TopicFilter.exactly(TOPIC));
    deferred.publish(event("1"));
    deferred.publish(revoked);
    Event last = event("2");
    deferred.publish(last);
    assertThat(published).isEmpty();

    List<EventId> ids = deferred.committed().toCompletableFuture().get(30, TimeUnit.SECONDS);

    assertThat(published).hasSize(3).element(1).isEqualTo(revoked);
    assertThat(published.get(2)).isSameAs(last);
    assertThat(ids).extracting(EventId::position).containsExactly(1L, 2L, 3L);
  }

  @Test
  void aRollbackOrAForgottenEndDropsEverything() {
    deferred.publish(event("1"));
    deferred.rolledBack();
    deferred.rolledBack();
    deferred.close();
    DeferredPublisher forgotten = publishing.begin();
    try (forgotten) {
      forgotten.publish(event("1"));
    }

    assertThat(published).isEmpty();
    assertThat(publishing.failed()).isZero();
  }

  @Test
  void aCommitOfNothingIsDoneAtOnce() {
    assertThat(deferred.committed().toCompletableFuture()).isCompletedWithValue(List.of());
  }

  @Test
  void whatIsThrownWhilePublishingNeverReachesTheCommitterAndTheRestIsPublished() {
    store =
        message -> {
          if (published.size() == 1) {
            throw new StackOverflowError("on purpose");
          }
          return published.size() == 2
              ? CompletableFuture.failedStage(new IOException("not stored"))
              : CompletableFuture.completedStage(new EventId("e", 1));
        };
    deferred.publish(event("1"));
    deferred.publish(event("2"));
    deferred.publish(event("3"));

    CompletionStage<List<EventId>> outcome = deferred.committed();

    assertThat(published).hasSize(3);
    assertThatThrownBy(() -> outcome.toCompletableFuture().get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(StackOverflowError.class)
        .satisfies(
            failure -> assertThat(failure.getCause().getSuppressed()[0]).hasMessage("not stored"));
    assertThat(publishing.failed()).isEqualTo(2);
    assertThat(observed).containsExactly("t on a: on purpose", "t on a: not stored");
  }

  @Test
  void theStageWaitsUntilItIsKnownWhatBecameOfAll() {
    CompletableFuture<EventId> pending = new CompletableFuture<>();
    store = message -> pending;
    deferred.publish(event("1"));

    CompletableFuture<List<EventId>> outcome = deferred.committed().toCompletableFuture();

    assertThat(outcome).isNotDone();
    pending.complete(new EventId("e", 7));
    assertThat(outcome).isCompletedWithValue(List.of(new EventId("e", 7)));
  }

  @Test
  void whatTheBrokerWouldNotTakeIsRefusedWhileTheTransactionCanStillBeRolledBack() {
    assertThatIllegalArgumentException().isThrownBy(() -> deferred.publish(event("bad")));
  }

  @Test
  void theBoundsOfOneTransactionAreClearErrors() {
    deferred.publish(event("1234567890"));
    assertThatThrownBy(() -> deferred.publish(event("1")))
        .isInstanceOf(BrokerException.Overloaded.class)
        .hasMessageStartingWith("deferred: 10 of 10 characters are held already (expected: fewer");
    deferred.publish(event(""));
    deferred.publish(event(""));
    assertThatThrownBy(() -> deferred.publish(event("")))
        .isInstanceOf(BrokerException.Overloaded.class)
        .hasMessageStartingWith("deferred: 3 messages are held already (expected: fewer");

    assertThatNoException().isThrownBy(deferred::committed);
    assertThat(published).hasSize(3);
  }

  @Test
  void anOutcomeThatNobodyKnowsMakesSubscribersReloadInsteadOfTellingThemWhatMayNotBe() {
    Message revoked = new Revocation("bob", TopicFilter.exactly(TOPIC));
    deferred.publish(event("1"));
    deferred.publish(event("2"));
    deferred.publish(revoked);

    assertThat(deferred.inDoubt().toCompletableFuture()).isCompleted();

    assertThat(published).containsExactly(new Interruption(TopicFilter.exactly(TOPIC)), revoked);
  }

  @Test
  void useAfterTheEndExplainsItself() {
    deferred.committed();

    assertThatThrownBy(() -> deferred.publish(event("late")))
        .isInstanceOf(BrokerException.class)
        .hasMessage(
            "deferred: committed already (expected: open; each transaction takes its own from"
                + " Broker.deferred())");
    assertThatThrownBy(deferred::rolledBack).hasMessageContaining("committed already");
  }

  @Test
  void aSecondCommitPublishesNothingTwiceAndIsAFailureThatIsNotThrown() {
    deferred.publish(event("1"));
    deferred.committed();

    CompletionStage<List<EventId>> again = deferred.committed();

    assertThat(published).hasSize(1);
    assertThat(again.toCompletableFuture()).isCompletedExceptionally();
    assertThat(publishing.failed()).isEqualTo(1);
  }

  @Test
  void whatIsCalledBackWhilePublishingFindsTheTransactionOver() throws Exception {
    List<Throwable> refused = new ArrayList<>();
    store =
        message -> {
          try {
            deferred.publish(event("late"));
          } catch (BrokerException e) {
            refused.add(e);
          }
          deferred
              .committed()
              .whenComplete(
                  (ids, failure) -> {
                    if (failure != null) {
                      refused.add(failure);
                    }
                  });
          deferred.close();
          return CompletableFuture.completedStage(new EventId("e", published.size()));
        };
    deferred.publish(event("1"));
    deferred.publish(event("2"));

    List<EventId> ids = deferred.committed().toCompletableFuture().get(30, TimeUnit.SECONDS);

    assertThat(ids).extracting(EventId::position).containsExactly(1L, 2L);
    assertThat(published).hasSize(2);
    assertThat(refused).hasSize(4).allSatisfy(e -> assertThat(e).hasMessageContaining("committed"));
  }

  @Test
  void aCommitAfterTheRollbackIsAFailureThatIsNotThrown() {
    deferred.publish(event("1"));
    deferred.rolledBack();

    assertThat(deferred.committed().toCompletableFuture()).isCompletedExceptionally();
    assertThat(published).isEmpty();
  }

  private static Event event(String data) {
    return Event.of(TOPIC, "t", data);
  }
}
