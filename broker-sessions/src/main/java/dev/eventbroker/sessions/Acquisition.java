package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/** What came of asking for a resource. */
public sealed interface Acquisition {

  /**
   * It is held by the one who asked: from now on, or still.
   *
   * @param session the session, the same for every call of the owner until it ends
   * @param begun whether it began with this call; the owner held it already when not
   */
  record Acquired(Session session, boolean begun) implements Acquisition {

    /** The session is required. */
    public Acquired {
      requireNonNull(session, "session");
    }
  }

  /**
   * Somebody else holds it.
   *
   * @param holder who
   * @param remaining how long that lasts at least if the holder gives no sign of life and does not
   *     let go; never negative
   */
  record Conflict(Session holder, Duration remaining) implements Acquisition {

    /** Both are required. */
    public Conflict {
      requireNonNull(holder, "holder");
      requireNonNull(remaining, "remaining");
    }
  }
}
