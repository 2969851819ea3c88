package dev.eventbroker;

import static java.util.Collections.unmodifiableMap;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counters since the broker was made, and gauges of now. Each number is right by itself; they are
 * read one after another while the broker goes on, so two of them may not agree to the last event.
 *
 * <p>What each of them means at night is in {@code docs/observability.md}.
 *
 * @param events what was published and delivered
 * @param log what the log holds
 * @param subscriptions who asks for events
 * @param connections who is connected
 * @param detached work that outlives its request
 * @param snapshots state loaded for subscribers
 * @param sources the other sources in the order they were attached, then the backplane
 */
public record BrokerStats(
    EventStats events,
    LogStats log,
    SubscriptionStats subscriptions,
    ConnectionStats connections,
    DetachedStats detached,
    SnapshotStats snapshots,
    List<SourceStats> sources) {

  /** Takes a copy of the list. */
  public BrokerStats {
    sources = List.copyOf(sources);
  }

  /**
   * What was published and delivered.
   *
   * @param published messages that entered this node's log, from whichever node
   * @param delivered deliveries to subscribers: an event for ten of them counts ten times
   * @param filtered deliveries that an audience kept from a subscriber
   * @param gaps gaps told to subscribers by reason; every reason is there
   * @param flushes how long batches took to their subscribers
   */
  public record EventStats(
      long published,
      long delivered,
      long filtered,
      Map<Gap.Reason, Long> gaps,
      FlushStats flushes) {

    /** Takes a sorted copy of the map. */
    public EventStats {
      gaps = unmodifiableMap(new TreeMap<>(gaps));
    }

    /** Gaps of whatever reason. */
    public long allGaps() {
      return sum(gaps);
    }
  }

  /**
   * From publish to flush: from the time of the oldest event in a lane's batch to the moment when
   * the last subscriber of that lane had the batch and its end. Catching up from the log is not in
   * here. By the broker's clock; an event of another node has its time from the backplane, so that
   * the difference between the two clocks is part of it.
   *
   * @param batches how many batches reached at least one subscriber, each lane counting by itself
   * @param total the times of all these together
   * @param max the longest time during this heartbeat interval and the one before
   */
  public record FlushStats(long batches, Duration total, Duration max) {}

  /**
   * What the log holds.
   *
   * @param events entries kept
   * @param maxEvents how many it keeps at most
   * @param bytes what they take, estimated
   * @param maxBytes how much it keeps at most
   */
  public record LogStats(long events, int maxEvents, long bytes, long maxBytes) {}

  /**
   * Who asks for events.
   *
   * @param opened subscriptions that were ever opened
   * @param states how many there are in each state; one in {@code CLOSED} has still to be told
   * @param lagging the ones whose subscriber is not ready
   * @param maxLag how many events with an id the one furthest behind is behind the log; across a
   *     change of epoch, as many as the log holds
   * @param blockages how often a lane made no progress for so long that it was reported
   * @param closed how many ended, by {@link CloseReason#code}
   */
  public record SubscriptionStats(
      long opened,
      Map<Subscription.State, Integer> states,
      int lagging,
      long maxLag,
      long blockages,
      Map<String, Long> closed) {

    /** Takes sorted copies of the maps. */
    public SubscriptionStats {
      states = unmodifiableMap(new TreeMap<>(states));
      closed = unmodifiableMap(new TreeMap<>(closed));
    }

    /** How many there are in whatever state: everything that still holds memory. */
    public int open() {
      return states.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  /**
   * Who is connected.
   *
   * @param open connections now
   * @param opened connections that were ever opened
   * @param refused connections refused because their principal had too many
   * @param closed how many ended, by {@link CloseReason#code}
   */
  public record ConnectionStats(int open, long opened, long refused, Map<String, Long> closed) {

    /** Takes a sorted copy of the map. */
    public ConnectionStats {
      closed = unmodifiableMap(new TreeMap<>(closed));
    }
  }

  /**
   * Work that outlives its request.
   *
   * @param queued tasks that wait: for their turn, or for what they handed on to be stored
   * @param running tasks that run
   * @param failed tasks that threw or were refused
   * @param abandoned tasks that were left undone when the broker closed
   * @param deferredFailed messages of committed transactions that could not be published
   */
  public record DetachedStats(
      int queued, int running, long failed, long abandoned, long deferredFailed) {}

  /**
   * State loaded for subscribers.
   *
   * @param loaded loads that came in time
   * @param failed loads that did not, where the authorised value was used
   * @param time what those that came took together, waiting for a thread included
   */
  public record SnapshotStats(long loaded, long failed, Duration time) {}

  /**
   * A source and how it is doing.
   *
   * @param status its state
   * @param gauges its own numbers, see {@link EventSource#gauges}
   */
  public record SourceStats(SourceStatus status, Map<String, Number> gauges) {

    /** Takes a sorted copy of the map. */
    public SourceStats {
      gauges = unmodifiableMap(new TreeMap<>(gauges));
    }
  }

  private static long sum(Map<?, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
