package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Audience;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.pg.PublishQueue.Publish;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What waits for the database is bounded, whatever it is that is long about it. */
class PublishQueueTest {

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

  private static Publish publish(Event event) {
    return new Publish(event, MessageRow.of(event), new CompletableFuture<>());
  }
}
