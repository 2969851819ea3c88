package dev.eventbroker;

import java.util.Optional;

/**
 * Where a run of events was broken, and why. A subscriber that is told a gap has missed an unknown
 * number of events (possibly none) and reloads what it shows.
 *
 * @param reason why the run was broken
 * @param from the last place up to which the run was whole; empty if that is not known
 * @param to the place after which the run goes on
 * @param scope the topics that are concerned
 */
public record Gap(Reason reason, Optional<EventId> from, EventId to, TopicFilter scope) {

  /** Why a run was broken. */
  public enum Reason {
    /** The client came back with an id that is older than anything still kept. */
    EXPIRED,
    /**
     * The client's id is malformed, or of another log: after a restart without a durable log, for
     * instance.
     */
    EPOCH,
    /** The subscriber was slower than the log is long. */
    SLOW,
    /** The source of the events was interrupted and may have missed some. */
    SOURCE,
    /** The subscriber's rights were taken away for a while. */
    REVOKED;

    /** The reason as it goes over the wire: the name in lower case. */
    public String wireName() {
      return switch (this) {
        case EXPIRED -> "expired";
        case EPOCH -> "epoch";
        case SLOW -> "slow";
        case SOURCE -> "source";
        case REVOKED -> "revoked";
      };
    }
  }
}
