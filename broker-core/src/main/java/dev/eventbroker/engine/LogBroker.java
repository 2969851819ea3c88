package dev.eventbroker.engine;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Backplane;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.BrokerStats;
import dev.eventbroker.BrokerStats.DetachedStats;
import dev.eventbroker.BrokerStats.LogStats;
import dev.eventbroker.BrokerStats.SubscriptionStats;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connections;
import dev.eventbroker.DeferredPublisher;
import dev.eventbroker.DetachedPublisher;
import dev.eventbroker.DrainReport;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.EventSource;
import dev.eventbroker.Gap;
import dev.eventbroker.Inbound;
import dev.eventbroker.Message;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.connection.LiveConnections;
import dev.eventbroker.detached.DeferredPublishing;
import dev.eventbroker.detached.DetachedView;
import dev.eventbroker.detached.DetachedWorkers;
import dev.eventbroker.detached.Surroundings;
import dev.eventbroker.detached.TaskThreads;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the parts together: publishers and sources on one side of the log, lanes on the other. */
final class LogBroker implements Broker {

  private static final Logger logger = LoggerFactory.getLogger(LogBroker.class);

  /** Half of what the shortest sensible bound on age would be, and nothing to a lane. */
  private static final Duration LAG_LOOK = Duration.ofSeconds(1);

  private final BrokerSettings settings;
  private final String name;
  private final TopicLimits topicLimits;
  private final InstantSource clock;
  private final BrokerResources resources;
  private final Log events;
  private final LaneRegistry lanes;
  private final LaneWatch watch;
  private final Counters counters;
  private final SnapshotLoader snapshots;
  private final LaneSubscription.Surroundings surroundings;
  private final LiveConnections connections;
  private final DetachedWorkers detached;
  private final DetachedPublisher detachedPublisher;
  private final DeferredPublishing deferred;
  private final BrokerObserver observer;
  private final Optional<Backplane> backplane;
  private final SourceWatch sources;
  private final Subscriptions subscriptions = new Subscriptions();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();

  LogBroker(BrokerSettings settings, BrokerResources resources, EventId begin) {
    this.settings = settings;
    this.name = settings.name();
    this.topicLimits = settings.topicLimits();
    this.clock = settings.clock();
    this.backplane = settings.backplane();
    this.resources = resources;
    InstantSource laneClock = new GuardedClock(clock, settings.nanoClock());
    BrokerObserver guarded = new GuardedObserver(settings.observer(), settings.nanoClock());
    this.counters = new Counters(new FlushTimes(laneClock, guarded));
    this.observer = new CountingObserver(counters, guarded);
    this.sources = new SourceWatch(observer, backplane);
    this.connections =
        new LiveConnections(
            settings.heartbeat(),
            settings.connectionsPerPrincipal(),
            observer,
            settings.nanoClock());
    this.events =
        new Log(settings.logEvents(), settings.logBytes(), begin, settings.replayEffort());
    this.lanes =
        new LaneRegistry(
            executor ->
                new Lane(executor, resources.owns(executor), events, counters, this::laneDied));
    this.watch =
        new LaneWatch(settings.laneBlockedAfter(), settings.nanoClock(), lanes::all, observer);
    this.snapshots =
        new SnapshotLoader(
            resources.snapshotThreads(), resources.timer(), settings.nanoClock(), observer);
    this.surroundings =
        new LaneSubscription.Surroundings(
            events,
            snapshots,
            settings.snapshotTimeout(),
            laneClock,
            counters,
            observer,
            this::ended);
    this.detached =
        new DetachedWorkers(
            settings.detached(),
            new Surroundings(
                this::publish,
                connections::principals,
                observer::detachedFailed,
                resources.timer(),
                settings.nanoClock(),
                settings.random(),
                TaskThreads.named(name + "-detached", settings.detachedVirtualThreads())));
    this.detachedPublisher = new DetachedView(detached);
    this.deferred =
        new DeferredPublishing(
            settings.deferred(),
            this::requireTakeable,
            this::publish,
            observer::deferredFailed,
            settings.nanoClock());
  }

  /** Starts what runs by itself. Separate from the constructor, for it lets this object out. */
  void start(RandomGenerator random) {
    try {
      backplane.ifPresent(plane -> plane.start(new FromBackplane()));
    } catch (RuntimeException | Error e) {
      close(Duration.ZERO);
      throw e;
    }
    sources.look();
    resources.every(settings.heartbeat(), random, this::beat);
    resources.every(watch.interval(), random, watch::look);
    resources.every(LAG_LOOK, random, lanes::lookAtLag);
  }

  private void beat() {
    connections.tick();
    sources.look();
    counters.flushes.nextInterval();
  }

  // ---- Publishing

  @Override
  public CompletionStage<EventId> publish(Message message) {
    requireTakeable(message);
    if (backplane.isPresent()) {
      return backplane.get().publish(message);
    }
    return CompletableFuture.completedStage(append(message));
  }

  @Override
  public void publishLocal(Event event) {
    requireTakeable(event);
    appendLocal(event);
  }

  @Override
  public DetachedPublisher detached() {
    return detachedPublisher;
  }

  @Override
  public DeferredPublisher deferred() {
    return deferred.begin();
  }

  private EventId append(Message message) {
    Log.Appended appended = events.appendOnce(message, clock.instant());
    if (appended.isNew()) {
      appended();
    }
    return appended.id();
  }

  private void appendLocal(Event event) {
    events.appendLocal(event, clock.instant());
    appended();
  }

  private void appended() {
    counters.published.increment();
    lanes.signalAll();
  }

  private void requireTakeable(Message message) {
    requireNonNull(message, "message");
    if (closed.get()) {
      throw new BrokerException.Closed("broker " + name);
    }
    if (message instanceof Event event) {
      topicLimits.require(event.topic());
      int length = event.data().length();
      if (length > settings.maxDataLength()) {
        throw new IllegalArgumentException(
            "data: " + length + " characters (expected: <= " + settings.maxDataLength() + ")");
      }
    }
  }

  // ---- Subscribing

  @Override
  public Subscription subscribe(SubscribeRequest request, Subscriber subscriber) {
    requireNonNull(request, "request");
    requireNonNull(subscriber, "subscriber");
    if (closed.get()) {
      throw new BrokerException.Closed("broker " + name);
    }
    request.filters().forEach(topicLimits::require);
    Lane lane = lanes.enter(executor(request));
    Optional<EventId> asked = request.lastEventId().flatMap(EventId::parse);
    Log.Place place = arm(request, asked);
    LaneSubscription subscription =
        new LaneSubscription(lane, surroundings, request, subscriber, place, asked);
    // Told before anybody can end it, so that it is not heard to end first.
    observer.subscriptionOpened(request.principal());
    subscriptions.add(subscription);
    lane.attach(subscription);
    if (lane.isDead()) {
      // It may have come after the others on that lane were ended.
      laneDied(lane);
    }
    if (closed.get()) {
      subscription.close(CloseReason.SHUTDOWN);
    }
    return subscription;
  }

  private Executor executor(SubscribeRequest request) {
    Optional<Executor> given = request.lane();
    if (given.isEmpty()) {
      return resources.nextLane();
    }
    return request.hasOwnLane() ? new LaneOnPool(given.get()) : given.get();
  }

  private Log.Place arm(SubscribeRequest request, Optional<EventId> asked) {
    if (request.lastEventId().isEmpty()) {
      return events.now();
    }
    if (asked.isEmpty()) {
      Log.Place now = events.now();
      return new Log.Place(now.next(), now.cursor(), now.tail(), Optional.of(Gap.Reason.EPOCH));
    }
    return events.after(asked.get(), backplane.isPresent());
  }

  @Override
  public Connections connections() {
    return connections;
  }

  @Override
  public EventId cursor() {
    return events.cursor();
  }

  // ---- Sources

  @Override
  public void attach(EventSource source) {
    requireNonNull(source, "source");
    if (closed.get()) {
      throw new BrokerException.Closed("broker " + name);
    }
    sources.add(source);
    try {
      source.start(new FromSource());
    } catch (RuntimeException | Error e) {
      sources.remove(source);
      SourceWatch.close(source);
      throw e;
    }
    if (closed.get()) {
      // The close may have gone through the sources before it came to be one of them or was up.
      SourceWatch.close(source);
      throw new BrokerException.Closed("broker " + name);
    }
    sources.look();
  }

  /** What a plain source brings: like a publish of this node alone. */
  private class FromSource implements Inbound {

    @Override
    public void begin(EventId cursor) {
      throw new BrokerException("begin: called by a plain source (expected: by a backplane)");
    }

    @Override
    public void message(EventId id, Instant time, Message message) {
      throw new BrokerException(
          "message with id " + id + ": from a plain source (expected: from a backplane)");
    }

    @Override
    public void event(Event event) {
      requireTakeable(event);
      if (backplane.isPresent()) {
        appendLocal(event);
      } else {
        append(event);
      }
    }

    @Override
    public void gap(TopicFilter scope) {
      events.appendGap(Gap.Reason.SOURCE, scope);
      lanes.signalAll();
    }

    /** On the timer, for it is foreign code's thread that says so, and foreign code that hears. */
    @Override
    public void statusChanged() {
      try {
        resources.timer().execute(sources::look);
      } catch (RejectedExecutionException e) {
        logger.debug("the timer was stopped; the close looks at the sources once more");
      }
    }
  }

  /** What the backplane brings: the one order of all nodes. */
  private final class FromBackplane extends FromSource {

    private boolean begun; // a source calls one thread at a time

    @Override
    public void begin(EventId cursor) {
      if (begun) {
        events.restart(cursor);
        lanes.signalAll();
      } else {
        begun = true;
        events.begin(cursor);
      }
    }

    @Override
    public void message(EventId id, Instant time, Message message) {
      events.append(id, message, time);
      appended();
    }
  }

  private void ended(LaneSubscription subscription) {
    subscriptions.remove(subscription);
    lanes.leave(subscription.lane());
  }

  /**
   * The executor takes no more tasks: its subscriptions end on a thread of ours, for theirs is
   * gone.
   */
  private void laneDied(Lane lane) {
    lanes.remove(lane);
    try {
      resources.timer().execute(() -> endAllOn(lane));
    } catch (RejectedExecutionException e) {
      endAllOn(lane);
    }
  }

  private void endAllOn(Lane lane) {
    for (LaneSubscription subscription : subscriptions.all()) {
      if (subscription.lane() == lane) {
        subscription.endedWithoutLane();
      }
    }
  }

  // ---- State and end

  @Override
  public BrokerStats stats() {
    return new BrokerStats(
        counters.events(),
        new LogStats(
            events.tail() - events.head(),
            settings.logEvents(),
            events.bytes(),
            settings.logBytes()),
        subscriptionStats(),
        counters.connections(connections.count()),
        new DetachedStats(
            detached.queued(),
            detached.running(),
            detached.failed(),
            detached.abandoned(),
            deferred.failed()),
        counters.snapshots(),
        sources.stats());
  }

  /** Looks at each of them, so that none has to say anything while events flow. */
  private SubscriptionStats subscriptionStats() {
    Map<Subscription.State, Integer> states = new EnumMap<>(Subscription.State.class);
    for (Subscription.State state : Subscription.State.values()) {
      states.put(state, 0);
    }
    long maxLag = 0;
    EventId newest = events.cursor();
    for (Subscription subscription : subscriptions.all()) {
      states.merge(subscription.state(), 1, Integer::sum);
      maxLag = Math.max(maxLag, lag(subscription.cursor(), newest));
    }
    return new SubscriptionStats(
        counters.subscriptionsOpened.sum(),
        states,
        counters.lagging.get(),
        maxLag,
        counters.lanesBlocked.sum(),
        counters.subscriptionsClosed.counts());
  }

  private long lag(EventId reached, EventId newest) {
    return reached.epoch().equals(newest.epoch())
        ? newest.position() - reached.position()
        : events.tail() - events.head();
  }

  @Override
  public DrainReport close(Duration drainTimeout) {
    requireNonNull(drainTimeout, "drainTimeout");
    if (!closing.compareAndSet(false, true)) {
      return new DrainReport(0, 0);
    }
    // Detached work still publishes, so it is drained while the broker is open.
    DrainReport report = detached.drain(drainTimeout);
    if (report.abandoned() > 0) {
      observer.detachedAbandoned(report.abandoned());
    }
    closed.set(true);
    sources.close();
    subscriptions.all().forEach(subscription -> subscription.close(CloseReason.SHUTDOWN));
    snapshots.close();
    resources.close();
    // A run that went with its executor will never come; and the timer may have been stopped before
    // it came to end who was there.
    Set<Lane> left =
        subscriptions.all().stream().map(LaneSubscription::lane).collect(Collectors.toSet());
    left.forEach(Lane::dieIfAbandoned);
    left.stream().filter(Lane::isDead).forEach(this::endAllOn);
    return report;
  }
}
