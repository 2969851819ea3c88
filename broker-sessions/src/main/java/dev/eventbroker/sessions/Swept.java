package dev.eventbroker.sessions;

import java.util.List;

/**
 * What came of a sweep.
 *
 * @param expired sessions that it ended
 * @param withheld how many have expired but were kept for now, because so many at once are more
 *     likely cut off than gone; 0 as a rule
 * @param held how many sessions there were before it
 */
public record Swept(List<Session> expired, long withheld, long held) {

  /** The list is copied. */
  public Swept {
    expired = List.copyOf(expired);
  }

  /** Nothing may expire now. */
  static Swept nothing(long held) {
    return new Swept(List.of(), 0, held);
  }
}
