package dev.eventbroker.engine;

import dev.eventbroker.BrokerObserver;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports lanes that make no progress: by the name of the subscriber that one is in, or, when a
 * lane's run is queued and does not start, that it waits for its executor. One whose run went with
 * an executor that was stopped is dead. A lane that has nothing to do is none of these. One warning
 * per blockage, and a line when it is over.
 *
 * <p>It looks at the lanes from time to time; they read no clock for it. {@link #look} is called by
 * one thread at a time. A subscriber is named by its class and identity: its {@code toString} is
 * foreign code that may wait for the very lock which the blocked thread holds.
 */
final class LaneWatch {

  private static final Logger log = LoggerFactory.getLogger(LaneWatch.class);

  /** So that a blockage is found at most that part late. */
  private static final int LOOKS = 4;

  /** Enough to see in whose code the thread stands. */
  private static final int MAX_FRAMES = 20;

  private final Duration blockedAfter;
  private final LongSupplier nanoClock;
  private final Supplier<Lane[]> lanes;
  private final BrokerObserver observer;
  private Map<Lane, Sight> sights = new HashMap<>();

  LaneWatch(
      Duration blockedAfter,
      LongSupplier nanoClock,
      Supplier<Lane[]> lanes,
      BrokerObserver observer) {
    this.blockedAfter = blockedAfter;
    this.nanoClock = nanoClock;
    this.lanes = lanes;
    this.observer = observer;
  }

  /** How often to look. */
  Duration interval() {
    Duration part = blockedAfter.dividedBy(LOOKS);
    return part.isZero() ? blockedAfter : part;
  }

  /** Compares each lane with what it was the last time. */
  void look() {
    long now = nanoClock.getAsLong();
    Map<Lane, Sight> current = new HashMap<>();
    for (Lane lane : lanes.get()) {
      Sight sight = look(lane, sights.get(lane), now);
      if (sight != null) {
        current.put(lane, sight);
      }
    }
    sights = current; // lanes that are gone are forgotten
  }

  private @Nullable Sight look(Lane lane, @Nullable Sight before, long now) {
    long steps = lane.progress().steps();
    boolean scheduled = lane.isScheduled();
    if (before != null && before.steps == steps && scheduled) {
      lane.dieIfAbandoned();
      if (lane.isDead()) {
        return null;
      }
      reportOnce(lane, before, Duration.ofNanos(now - before.since));
      return before;
    }
    if (before != null && before.reported) {
      log.info("lane {} goes on", before.name);
    }
    return scheduled ? new Sight(steps, now) : null;
  }

  private void reportOnce(Lane lane, Sight sight, Duration lasted) {
    if (!sight.reported && lasted.compareTo(blockedAfter) >= 0) {
      report(lane, sight, lasted);
    }
  }

  private void report(Lane lane, Sight sight, Duration lasted) {
    Thread thread = lane.progress().thread();
    Rider served = lane.progress().served();
    StackTraceElement[] stack = thread == null ? new StackTraceElement[0] : thread.getStackTrace();
    if (lane.progress().steps() != sight.steps) {
      return; // it went on while it was being looked at
    }
    sight.reported = true;
    if (thread == null) {
      sight.name = "on " + lane.executor();
      log.warn(
          "a lane waits for its executor, which has not run it for {} ms: {}",
          lasted.toMillis(),
          lane.executor());
      observer.laneBlocked(sight.name, Optional.empty(), lasted);
      return;
    }
    sight.name = thread.getName();
    Optional<String> principal = Optional.ofNullable(served).map(Rider::principal);
    log.warn(
        "lane {} is blocked for {} ms by {}, and the subscriptions on it wait; it stands at{}",
        sight.name,
        lasted.toMillis(),
        served == null ? "a command" : nameOf(served),
        format(stack));
    observer.laneBlocked(sight.name, principal, lasted);
  }

  private static String nameOf(Rider rider) {
    Object subscriber = rider.subscriber();
    return "the subscriber "
        + subscriber.getClass().getName()
        + "@"
        + Integer.toHexString(System.identityHashCode(subscriber))
        + " of "
        + rider.principal();
  }

  private static String format(StackTraceElement[] stack) {
    List<StackTraceElement> top =
        Arrays.asList(stack).subList(0, Math.min(stack.length, MAX_FRAMES));
    return top.stream().map(frame -> "\n\tat " + frame).collect(Collectors.joining());
  }

  /** What a lane was when it was first seen at this step. */
  private static final class Sight {

    final long steps;
    final long since;
    boolean reported;
    String name = "";

    Sight(long steps, long since) {
      this.steps = steps;
      this.since = since;
    }
  }
}
