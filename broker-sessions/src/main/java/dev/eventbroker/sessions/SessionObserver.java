package dev.eventbroker.sessions;

import java.time.Duration;

/**
 * Hears of what this node did to sessions, for counting and alarms. Called after the fact, on the
 * thread that did it, which is the only one for blocking work as a rule: so nothing here may block.
 * What throws is logged, and nothing else changes.
 */
public interface SessionObserver {

  /** A session began. */
  default void acquired(Session session) {}

  /** A session ended. */
  default void released(Session session, ReleaseReason reason) {}

  /** The owner of a session that ended without it was told so. */
  default void lost(Session session, ReleaseReason reason) {}

  /** A sweep is over, and took that long. */
  default void swept(Swept result, Duration took) {}

  /** The store failed; what was to be done is tried again. */
  default void storeFailed(Throwable cause) {}
}
