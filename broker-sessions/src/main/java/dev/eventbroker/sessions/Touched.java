package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What a node learned by touching.
 *
 * @param lost sessions of these owners that ended while the owner was away: it has to be told. Each
 *     is told by one touch only, of any node
 * @param alone whether no other node is alive, so that a disconnect needs nobody's word
 */
public record Touched(List<Lost> lost, boolean alone) {

  /** The list is copied. */
  public Touched {
    lost = List.copyOf(lost);
  }

  /**
   * A session that ended while its owner was away.
   *
   * @param session what it was
   * @param reason why it ended
   */
  public record Lost(Session session, ReleaseReason reason) {

    /** Both are required. */
    public Lost {
      requireNonNull(session, "session");
      requireNonNull(reason, "reason");
    }
  }
}
