package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Audience;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.pg.PublishQueue.Chore;
import dev.eventbroker.pg.PublishQueue.Publish;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What waits for the database is bounded, whatever it is that is long about it. */
class PublishQueueTest {

  private static final long POLL = TimeUnit.MINUTES.toNanos(1);

  @Test
  void anAudienceCountsAgainstTheBoundAsDataDoes() {
    PublishQueue queue = new PublishQueue("queue", 10, 100);
    Event event =
        Event.of(Node.TOPIC, "changed", "")
            .withAudience(Audience.of(List.of("a".repeat(40), "b".repeat(40))));
    Publish first = publish(event);
    queue.offer(first);

    assertThatThrownBy(() -> queue.offer(publish(event)))
        .isInstanceOf(BrokerException.Overloaded.class);
    queue.settled(first);
    queue.offer(publish(event));

    assertThat(queue.unsettled()).isEqualTo(1);
  }

  @Test
  void hintsWaitForMoreUntilThePauseIsOver() throws Exception {
    PublishQueue queue = new PublishQueue("queue", 10, 100);
    queue.committed();

    assertThat(queue.take(POLL, 0)).isEqualTo(new Chore(List.of(), true, false));
    queue.news();
    assertThat(queue.take(POLL, 1)).isEqualTo(new Chore(List.of(), false, true));
  }

  @Test
  void aPublishEndsThePauseAndTakesTheHintsWithIt() throws Exception {
    PublishQueue queue = new PublishQueue("queue", 10, 100);
    queue.committed();
    Taker taker = new Taker(queue);
    taker.awaitPausing();
    queue.news();
    Publish publish = publish(Event.of(Node.TOPIC, "changed", ""));

    queue.offer(publish);

    assertThat(taker.chore()).isEqualTo(new Chore(List.of(publish), true, true));
  }

  @Test
  void theCloseEndsThePause() throws Exception {
    PublishQueue queue = new PublishQueue("queue", 10, 100);
    queue.committed();
    Taker taker = new Taker(queue);
    taker.awaitPausing();

    queue.close();

    assertThat(taker.chore()).isEqualTo(new Chore(List.of(), true, false));
    assertThat(queue.isFinished()).isTrue();
  }

  /** Takes once, with a pause that never ends by itself. */
  private static final class Taker {

    private final CompletableFuture<Chore> taken = new CompletableFuture<>();
    private final Thread thread;

    Taker(PublishQueue queue) {
      thread =
          new Thread(
              () -> {
                try {
                  taken.complete(queue.take(POLL, Long.MAX_VALUE));
                } catch (InterruptedException e) {
                  taken.completeExceptionally(e);
                }
              },
              "test-taker");
      thread.start();
    }

    void awaitPausing() {
      Await.until(
          "it has taken or pauses",
          () -> taken.isDone() || thread.getState() == Thread.State.TIMED_WAITING);
      assertThat(taken).isNotDone();
    }

    Chore chore() throws Exception {
      return Await.of(taken);
    }
  }

  private static Publish publish(Event event) {
    return new Publish(event, MessageRow.of(event), new CompletableFuture<>());
  }
}
