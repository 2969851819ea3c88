package dev.eventbroker.sessions;

import java.time.Duration;
import java.util.Map;

/**
 * What this node has done since its {@link EditSessions} were made, and what it knows.
 *
 * @param held how many sessions there were, of all nodes, when this node last swept
 * @param acquired sessions that began by this node
 * @param released sessions that ended by this node, by reason; each reason is there
 * @param lost owners that this node told of a session that ended without them
 * @param withheld expired sessions that the last sweep kept, because there were so many
 * @param sweeps how many sweeps there were
 * @param sweepTime how long they took together
 * @param lastSweep how long the last one took
 * @param storeFailures how often the store failed the node's heartbeat or sweep
 */
public record SessionStats(
    long held,
    long acquired,
    Map<ReleaseReason, Long> released,
    long lost,
    long withheld,
    long sweeps,
    Duration sweepTime,
    Duration lastSweep,
    long storeFailures) {

  /** The map is copied. */
  public SessionStats {
    released = Map.copyOf(released);
  }
}
