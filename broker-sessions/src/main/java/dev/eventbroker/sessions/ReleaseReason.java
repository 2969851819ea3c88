package dev.eventbroker.sessions;

/** Why a session ended. */
public enum ReleaseReason {
  /** Somebody asked for it: {@link EditSessions#release} or {@link EditSessions#releaseOwner}. */
  RELEASED("released"),

  /** The owner's last connection is gone. */
  DISCONNECTED("disconnected"),

  /** The owner gave no sign of life for the timeout. */
  EXPIRED("expired");

  private final String wireName;

  ReleaseReason(String wireName) {
    this.wireName = wireName;
  }

  /** The name in events and logs. */
  public String wireName() {
    return wireName;
  }
}
