package dev.eventbroker.sessions;

import dev.eventbroker.Event;

/** How a change of hands reads as an event. Any thread; depends on the arguments alone. */
public interface SessionEvents {

  /** Somebody holds a resource that nobody held. */
  Event acquired(Session session);

  /** The resource is free. */
  Event released(Session session, ReleaseReason reason);
}
