package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What came of asking for a resource. */
public sealed interface Acquisition {

  /**
   * It is held by the one who asked: from now on, or still.
   *
   * @param session the session, the same for every call of the owner until it ends
   * @param begun whether it began with this call; the owner held it already when not
   * @param takenFrom whose session ended for it, after a take-over
   */
  record Acquired(Session session, boolean begun, Optional<Session> takenFrom)
      implements Acquisition {

    /** All are required. */
    public Acquired {
      requireNonNull(session, "session");
      requireNonNull(takenFrom, "takenFrom");
    }

    /** From now on, after nobody. */
    static Acquired begun(Session session) {
      return new Acquired(session, true, Optional.empty());
    }

    /** Still. */
    static Acquired still(Session session) {
      return new Acquired(session, false, Optional.empty());
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

    /** Since when, by the clock of the store. */
    public Instant since() {
      return holder.acquiredAt();
    }
  }
}
