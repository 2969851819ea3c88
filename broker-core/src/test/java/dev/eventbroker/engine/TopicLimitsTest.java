package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A broker may take less than what a topic may be, and says so. */
class TopicLimitsTest {

  private final Broker broker =
      new BrokerBuilder().timer(new ManualTimer()).maxTopicBytes(10).maxTopicLevels(3).build();

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void aTopicThatIsTooDeepOrTooLongIsNotPublished() {
    assertThatThrownBy(() -> publish("a/b/c/d"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("topic: \"a/b/c/d\" (expected: at most 3 levels)");
    assertThatThrownBy(() -> publish("éééééa"))
        .hasMessage("topic: \"éééééa\" (expected: at most 10 UTF-8 bytes)");
    assertThatThrownBy(() -> broker.publishLocal(event("a/b/c/d")))
        .hasMessageContaining("at most 3 levels");
    assertThat(broker.stats().events().published()).isZero();

    publish("ééééé");
    publish("a/b/c");

    assertThat(broker.stats().events().published()).isEqualTo(2);
  }

  @Test
  void aFilterThatIsTooDeepOrTooLongLeavesNothingBehind() {
    assertThatThrownBy(() -> subscribe("a/*/c/**"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("filter: \"a/*/c/**\" (expected: at most 3 levels)");
    assertThatThrownBy(() -> subscribe("abcdefgh/**"))
        .hasMessage("filter: \"abcdefgh/**\" (expected: at most 10 UTF-8 bytes)");

    assertThat(broker.stats().subscriptions().open()).isZero();
  }

  @Test
  void theLimitsAreWithinThoseOfEveryTopic() {
    BrokerBuilder builder = new BrokerBuilder();

    assertThatThrownBy(() -> builder.maxTopicBytes(513))
        .hasMessage("maxTopicBytes: 513 (expected: 1 to 512)");
    assertThatThrownBy(() -> builder.maxTopicLevels(0))
        .hasMessage("maxTopicLevels: 0 (expected: 1 to 32)");
  }

  private void publish(String topic) {
    broker.publish(event(topic));
  }

  private void subscribe(String filter) {
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann")).filter(TopicFilter.of(filter)).build(),
        new RecordingSubscriber());
  }

  private static Event event(String topic) {
    return Event.of(Topic.of(topic), "t", "");
  }
}
