package dev.eventbroker;

/** What happens to a subscription when the log has moved past it. */
public enum LagPolicy {
  /**
   * It is told a gap, gets a fresh snapshot if it has a {@link SnapshotSource}, and goes on from
   * now. The default.
   */
  RESYNC,
  /** It is closed with {@link CloseReason#SLOW}; its client comes back with its last id. */
  DISCONNECT
}
