package dev.eventbroker.sessions;

import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Touched.Lost;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells what has changed: as events where the store has not done it, in the log, and to the
 * observer.
 */
final class Announcer {

  private static final Logger log = LoggerFactory.getLogger(Announcer.class);

  private final Broker broker;
  private final SessionStore store;
  private final SessionEvents events;
  private final SessionObserver observer;

  Announcer(Broker broker, SessionStore store, SessionEvents events, SessionObserver observer) {
    this.broker = broker;
    this.store = store;
    this.events = events;
    this.observer = observer;
  }

  void acquired(Acquisition acquisition) {
    if (acquisition instanceof Acquired acquired && acquired.begun()) {
      released(acquired.takenFrom().stream().toList(), ReleaseReason.TAKEN_OVER);
      publish(events.acquired(acquired.session()));
      observer.acquired(acquired.session());
    }
  }

  /** Each release that its holder did not ask for is a line to look for at night. */
  void released(Collection<Session> sessions, ReleaseReason reason) {
    for (Session session : sessions) {
      if (reason != ReleaseReason.RELEASED) {
        log.info(
            "{} session {} of {} released: {} (owner {}, user {})",
            session.mode() == Mode.SHARED ? "presence" : "edit",
            session.id(),
            session.resource(),
            reason.wireName(),
            session.owner(),
            session.user());
      }
      publish(events.released(session, reason));
      observer.released(session, reason);
      if (reason.endsUnderTheOwner()) {
        lost(List.of(new Lost(session, reason)));
      }
    }
  }

  void lost(List<Lost> all) {
    for (Lost lost : all) {
      publish(events.lost(lost.session(), lost.reason()));
      observer.lost(lost.session(), lost.reason());
    }
  }

  private void publish(Event event) {
    if (!store.storesEvents()) {
      var unused = broker.detached().publish(event);
    }
  }
}
