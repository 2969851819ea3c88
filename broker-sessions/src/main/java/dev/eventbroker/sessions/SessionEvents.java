package dev.eventbroker.sessions;

import dev.eventbroker.Event;

/** How a change of hands reads as an event. Any thread; depends on the arguments alone. */
public interface SessionEvents {

  /** Somebody holds a resource from now on. */
  Event acquired(Session session);

  /** Somebody does not hold it any more. */
  Event released(Session session, ReleaseReason reason);

  /** To the former holder, which did not let go: it no longer holds what it may think it holds. */
  Event lost(Session session, ReleaseReason reason);
}
