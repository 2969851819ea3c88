package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** An event that is published again under its key is in the log once. */
class IdempotencyTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final Log log = new Log(16, 1 << 20, new EventId("e", 0));

  @Test
  void aSecondPublishAnswersTheFirstOnesIdAndReachesNobody() {
    ManualExecutor lane = new ManualExecutor();
    RecordingSubscriber subscriber = new RecordingSubscriber();
    try (Broker broker = new BrokerBuilder().timer(new ManualTimer()).build()) {
      broker.subscribe(
          SubscribeRequest.by(Authorized.principal("ann"))
              .filter(TopicFilter.ALL)
              .lane(lane)
              .build(),
          subscriber);

      EventId first = id(broker, keyed("a", "key"));
      EventId other = id(broker, keyed("b", "other"));
      EventId second = id(broker, keyed("c", "key"));
      lane.runAll();

      assertThat(second).isEqualTo(first).isNotEqualTo(other);
      assertThat(subscriber.recordWithoutBatches()).isEqualTo("start a b");
      assertThat(broker.stats().events().published()).isEqualTo(2);
    }
    lane.runAll();
  }

  @Test
  void aKeyIsKnownForJustAsLongAsItsEventIsKept() {
    EventId first = log.append(keyed("a", "key"), Instant.EPOCH);
    for (int i = 0; i < 15; i++) {
      log.append(Event.of(TOPIC, "t", "x"), Instant.EPOCH);
    }
    assertThat(log.append(keyed("b", "key"), Instant.EPOCH)).isEqualTo(first);

    log.append(Event.of(TOPIC, "t", "x"), Instant.EPOCH);
    EventId again = log.append(keyed("c", "key"), Instant.EPOCH);

    assertThat(again).isEqualTo(new EventId("e", 18));
    assertThat(log.append(keyed("d", "key"), Instant.EPOCH)).isEqualTo(again);
  }

  @Test
  void keysAreAsBoundedAsTheLog() {
    for (int i = 0; i < 1000; i++) {
      log.append(keyed("a", "key" + i), Instant.EPOCH);
    }
    assertThat(log.keys()).isEqualTo(16);

    for (int i = 0; i < 16; i++) {
      log.append(Event.of(TOPIC, "t", "x"), Instant.EPOCH);
    }

    assertThat(log.keys()).isZero();
  }

  @Test
  void aKeyTakesItsPartOfTheBoundInBytes() {
    Event event = Event.of(TOPIC, "t", "x");

    long more = Entry.OfEvent.bytes(event.withIdempotencyKey("k".repeat(100)));

    assertThat(more).isGreaterThan(Entry.OfEvent.bytes(event) + 200);
  }

  private static EventId id(Broker broker, Event event) {
    return broker.publish(event).toCompletableFuture().join();
  }

  private static Event keyed(String data, String key) {
    return Event.of(TOPIC, "t", data).withIdempotencyKey(key);
  }
}
