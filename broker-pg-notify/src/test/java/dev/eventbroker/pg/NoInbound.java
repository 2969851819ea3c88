package dev.eventbroker.pg;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import dev.eventbroker.Message;
import dev.eventbroker.TopicFilter;
import java.time.Instant;

/** For backplanes that are expected not to start. */
final class NoInbound implements Inbound {

  @Override
  public void begin(EventId cursor) {
    throw new AssertionError("begin " + cursor);
  }

  @Override
  public void message(EventId id, Instant time, Message message) {
    throw new AssertionError("event " + id);
  }

  @Override
  public void event(Event event) {
    throw new AssertionError("event " + event);
  }

  @Override
  public void gap(TopicFilter scope) {
    throw new AssertionError("gap " + scope);
  }
}
