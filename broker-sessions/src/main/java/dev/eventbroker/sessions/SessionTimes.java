package dev.eventbroker.sessions;

import java.time.Duration;

/**
 * The times of edit sessions, checked against each other and the heartbeat.
 *
 * @param timeout how long a session lasts without a sign of life
 * @param sweepInterval how often to look for those
 * @param disconnectGrace how long an owner may be gone before it has left
 * @param rollCall how often to look whether another node asks who is here
 * @param heartbeat of the broker
 */
record SessionTimes(
    Duration timeout,
    Duration sweepInterval,
    Duration disconnectGrace,
    Duration rollCall,
    Duration heartbeat) {

  /** A missed tick is no outage; two in a row of all nodes are. */
  private static final int OUTAGE_IN_HEARTBEATS = 2;

  SessionTimes {
    Duration shortest = heartbeat.multipliedBy(2);
    require(
        timeout.compareTo(shortest) >= 0,
        "timeout",
        timeout,
        ">= " + shortest,
        "twice the broker's heartbeat: one late tick must not cost a living client its sessions");
    require(
        timeout.compareTo(LeaseTerms.MAX) <= 0,
        "timeout",
        timeout,
        "<= " + LeaseTerms.MAX,
        "a lock that long is a mistake");
    require(
        sweepInterval.compareTo(timeout) <= 0,
        "sweepInterval",
        sweepInterval,
        "<= " + timeout,
        "the timeout: what expired would stay for longer than it lived");
    require(
        !disconnectGrace.isNegative() && disconnectGrace.compareTo(timeout) < 0,
        "disconnectGrace",
        disconnectGrace,
        ">= PT0S and < " + timeout,
        "the timeout: sessions would expire before the grace is over");
    require(
        rollCall.compareTo(heartbeat) <= 0,
        "rollCall",
        rollCall,
        "<= " + heartbeat,
        "the broker's heartbeat, which answers too");
  }

  private static void require(
      boolean fits, String what, Duration value, String expected, String reason) {
    if (!fits) {
      throw new IllegalArgumentException(
          what + ": " + value + " (expected: " + expected + ", " + reason + ")");
    }
  }

  LeaseTerms terms() {
    return new LeaseTerms(timeout, heartbeat.multipliedBy(OUTAGE_IN_HEARTBEATS));
  }
}
