package dev.eventbroker.sessions;

import dev.eventbroker.Broker;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what has changed: as events where the store has not done it, and in the log. */
final class Announcer {

  private static final Logger log = LoggerFactory.getLogger(Announcer.class);

  private final Broker broker;
  private final SessionStore store;
  private final SessionEvents events;

  Announcer(Broker broker, SessionStore store, SessionEvents events) {
    this.broker = broker;
    this.store = store;
    this.events = events;
  }

  void acquired(Session session) {
    if (!store.storesEvents()) {
      var unused = broker.detached().publish(events.acquired(session));
    }
  }

  /** Each release that nobody asked for is a line that a person may look for at night. */
  void released(Collection<Session> sessions, ReleaseReason reason) {
    for (Session session : sessions) {
      if (reason != ReleaseReason.RELEASED) {
        log.info(
            "edit session {} of {} released: {} (owner {}, user {})",
            session.id(),
            session.resource(),
            reason.wireName(),
            session.owner(),
            session.user());
      }
      if (!store.storesEvents()) {
        var unused = broker.detached().publish(events.released(session, reason));
      }
    }
  }
}
