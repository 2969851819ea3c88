package dev.eventbroker.sessions;

/** Why a session ended. */
public enum ReleaseReason {
  /** Its holder let go: {@link EditSessions#release} or {@link EditSessions#releaseOwner}. */
  RELEASED("released"),

  /** The owner's last connection is gone. */
  DISCONNECTED("disconnected"),

  /** The owner gave no sign of life for the timeout. */
  EXPIRED("expired"),

  /** Somebody else has it now: {@link EditSessions#takeOver}. */
  TAKEN_OVER("taken_over"),

  /** Somebody in charge ended it: {@link EditSessions#forceRelease}. */
  FORCED("forced");

  private final String wireName;

  ReleaseReason(String wireName) {
    this.wireName = wireName;
  }

  /**
   * Whether its owner is, as far as anybody knows, there and believes that it holds the session: it
   * has to be told at once. Who is gone is told when it comes back.
   */
  boolean endsUnderTheOwner() {
    return this == TAKEN_OVER || this == FORCED;
  }

  /**
   * Whether the owner is told when it comes back: it did not let go, and was not there to be told.
   */
  boolean endsBehindTheOwner() {
    return this == DISCONNECTED || this == EXPIRED;
  }

  /** The name in events and logs. */
  public String wireName() {
    return wireName;
  }
}
