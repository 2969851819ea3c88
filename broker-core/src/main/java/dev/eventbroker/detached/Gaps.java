package dev.eventbroker.detached;

import dev.eventbroker.EventId;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Tells a topic's subscribers, on every node, that an event is missing. */
final class Gaps {

  private final Function<Message, CompletionStage<EventId>> publish;
  private final Failures failures;

  Gaps(Function<Message, CompletionStage<EventId>> publish, Failures failures) {
    this.publish = publish;
    this.failures = failures;
  }

  /** Tells it where that was asked for; that it can't be told is a failure of its own. */
  void tell(Topic topic, Manner manner) {
    if (!manner.tellsGaps()) {
      return;
    }
    try {
      var unused =
          publish
              .apply(new Interruption(TopicFilter.exactly(topic)))
              .whenComplete(
                  (id, failure) -> {
                    if (failure != null) {
                      failures.failed(topic, "a gap could not be told", failure);
                    }
                  });
    } catch (Throwable e) {
      failures.failed(topic, "a gap could not be told", e);
    }
  }
}
