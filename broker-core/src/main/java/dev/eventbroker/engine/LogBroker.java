package dev.eventbroker.engine;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Backplane;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.BrokerStats;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connections;
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
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.connection.LiveConnections;
import dev.eventbroker.detached.DetachedWorkers;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the parts together: publishers and sources on one side of the log, lanes on the other. */
final class LogBroker implements Broker {

  private static final Logger logger = LoggerFactory.getLogger(LogBroker.class);

  private final String name;
  private final int maxDataLength;
  private final InstantSource clock;
  private final BrokerResources resources;
  private final Log events;
  private final LaneRegistry lanes;
  private final Counters counters = new Counters();
  private final SnapshotLoader snapshots;
  private final LaneSubscription.Surroundings surroundings;
  private final LiveConnections connections;
  private final DetachedWorkers detached;
  private final BrokerObserver observer;
  private final Optional<Backplane> backplane;
  private final List<EventSource> sources = new CopyOnWriteArrayList<>();
  private final Set<LaneSubscription> subscriptions = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();

  LogBroker(BrokerSettings settings, BrokerResources resources, EventId begin) {
    this.name = settings.name();
    this.maxDataLength = settings.maxDataLength();
    this.clock = settings.clock();
    this.backplane = settings.backplane();
    this.observer = new GuardedObserver(settings.observer());
    this.resources = resources;
    this.connections = new LiveConnections(settings.heartbeat());
    this.events = new Log(settings.logEvents(), settings.logBytes(), begin);
    this.lanes = new LaneRegistry(executor -> new Lane(executor, events, counters, this::laneDied));
    this.snapshots =
        new SnapshotLoader(
            settings.snapshotThreads(),
            resources.timer(),
            settings.nanoClock(),
            counters,
            observer,
            name);
    this.surroundings =
        new LaneSubscription.Surroundings(
            events, snapshots, settings.snapshotTimeout(), counters, observer, this::ended);
    this.detached =
        new DetachedWorkers(
            settings.detached(),
            this::publish,
            connections::principals,
            observer::detachedFailed,
            resources.timer(),
            settings.nanoClock(),
            name);
  }

  /** Starts what runs by itself. Separate from the constructor, for it lets this object out. */
  void start(RandomGenerator random) {
    try {
      backplane.ifPresent(plane -> plane.start(new FromBackplane()));
    } catch (RuntimeException | Error e) {
      close(Duration.ZERO);
      throw e;
    }
    resources.every(connections.heartbeat(), random, connections::tick);
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
    return detached;
  }

  private EventId append(Message message) {
    EventId id = events.append(message, clock.instant());
    appended();
    return id;
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
    int length = message instanceof Event event ? event.data().length() : 0;
    if (length > maxDataLength) {
      throw new IllegalArgumentException(
          "data: " + length + " characters (expected: <= " + maxDataLength + ")");
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
    Lane lane = lanes.enter(request.lane().orElseGet(resources::nextLane));
    Optional<EventId> asked = request.lastEventId().flatMap(EventId::parse);
    LaneSubscription subscription =
        new LaneSubscription(lane, surroundings, request, subscriber, arm(request, asked), asked);
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
      closeGuarded(source);
      throw e;
    }
    if (closed.get()) {
      // The close may have gone through the sources before it came to be one of them or was up.
      closeGuarded(source);
      throw new BrokerException.Closed("broker " + name);
    }
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
    for (LaneSubscription subscription : subscriptions) {
      if (subscription.lane() == lane) {
        subscription.endedWithoutLane();
      }
    }
  }

  // ---- State and end

  @Override
  public BrokerStats stats() {
    return new BrokerStats(
        counters.published.sum(),
        counters.delivered.sum(),
        counters.filtered.sum(),
        counters.gaps.sum(),
        subscriptions.size(),
        counters.lagging.get(),
        connections.count(),
        events.tail() - events.head(),
        events.bytes(),
        counters.snapshotFallbacks.sum(),
        detached.queued(),
        detached.running(),
        detached.failed(),
        allSources().stream().map(EventSource::status).toList());
  }

  private List<EventSource> allSources() {
    List<EventSource> all = new ArrayList<>(sources);
    backplane.ifPresent(all::add);
    return all;
  }

  @Override
  public DrainReport close(Duration drainTimeout) {
    requireNonNull(drainTimeout, "drainTimeout");
    if (!closing.compareAndSet(false, true)) {
      return new DrainReport(0, 0);
    }
    // Detached work still publishes, so it is drained while the broker is open.
    DrainReport report = detached.drain(drainTimeout);
    closed.set(true);
    allSources().forEach(LogBroker::closeGuarded);
    subscriptions.forEach(subscription -> subscription.close(CloseReason.SHUTDOWN));
    snapshots.close();
    resources.close();
    // The timer may have been stopped before it came to end these.
    subscriptions.stream().map(LaneSubscription::lane).filter(Lane::isDead).forEach(this::endAllOn);
    return report;
  }

  private static void closeGuarded(EventSource source) {
    try {
      source.close();
    } catch (Throwable e) {
      logger.warn("a source threw while it was closed: {}", source, e);
    }
  }

  /** What an observer throws stays with the observer. */
  private static final class GuardedObserver implements BrokerObserver {

    private final BrokerObserver observer;

    GuardedObserver(BrokerObserver observer) {
      this.observer = observer;
    }

    @Override
    public void gap(String principal, Gap gap) {
      guarded(() -> observer.gap(principal, gap));
    }

    @Override
    public void subscriptionClosed(String principal, CloseReason reason) {
      guarded(() -> observer.subscriptionClosed(principal, reason));
    }

    @Override
    public void snapshotFallback(String principal, Throwable cause) {
      guarded(() -> observer.snapshotFallback(principal, cause));
    }

    @Override
    public void detachedFailed(Topic topic, Throwable cause) {
      guarded(() -> observer.detachedFailed(topic, cause));
    }

    private void guarded(Runnable call) {
      try {
        call.run();
      } catch (Throwable e) {
        logger.warn("the observer threw: {}", observer, e);
      }
    }
  }
}
