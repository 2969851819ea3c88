package dev.eventbroker.engine;

import dev.eventbroker.Audience;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerStats;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.EventSource;
import dev.eventbroker.Inbound;
import dev.eventbroker.Interruption;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Revocation;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.HistoryRecorder.Told;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.PublishedHistory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * One history on an injected schedule: one thread, on which a seed decides who has the next turn: a
 * publisher, a subscriber, one task of one lane, a load, the clock. Everything that a real broker
 * does at one time is here in some order, and the same seed is the same order again.
 *
 * <p>After each step every record so far is held against what was published.
 */
final class HistorySimulation {

  /** Every second history; the logs here are so short that all is scanned otherwise. */
  private static final ReplayEffort ALWAYS_MERGE = new ReplayEffort(0, 1);

  private static final int STEPS = 120;
  private static final int MAX_OPEN = 8;
  private static final Duration SNAPSHOT_TIMEOUT = Duration.ofSeconds(5);
  private static final List<String> PRINCIPALS = List.of("ann", "bob");
  private static final List<Topic> TOPICS =
      List.of(Topic.of("a"), Topic.of("a/b"), Topic.of("a/c"), Topic.of("d/b"));
  private static final List<TopicFilter> FILTERS =
      List.of(
          TopicFilter.ALL,
          TopicFilter.of("a"),
          TopicFilter.of("a/b"),
          TopicFilter.of("a/*"),
          TopicFilter.of("*/b"),
          TopicFilter.of("a/**"));

  private final SplittableRandom random;
  private final int logEvents;
  private final ManualTimer timer = new ManualTimer();
  private final ManualLoads loads = new ManualLoads();
  private final Broker broker;
  private final PublishedHistory published;
  private final Feed feed = new Feed();
  private final List<SimulatedLane> lanes = new ArrayList<>();
  private final List<SimulatedLife> lives = new ArrayList<>();
  private final List<String> trace = new ArrayList<>();
  private boolean nested;

  /** Something was run that may have told somebody something. */
  private boolean ran;

  private int events;

  HistorySimulation(long seed) {
    random = new SplittableRandom(seed);
    logEvents = random.nextInt(3) == 0 ? 64 : 16;
    broker =
        new BrokerBuilder()
            .logEvents(logEvents)
            .replayEffort(random.nextBoolean() ? ReplayEffort.DEFAULT : ALWAYS_MERGE)
            .timer(timer)
            .clock(timer)
            .nanoClock(timer::nanos)
            .random(random.split())
            .snapshotTimeout(SNAPSHOT_TIMEOUT)
            .snapshotExecutor(loads)
            .build();
    published = new PublishedHistory(broker.cursor());
    broker.attach(feed);
    for (int i = 0; i < 1 + random.nextInt(3); i++) {
      lanes.add(new SimulatedLane(i));
    }
  }

  /** Runs it to its end; the first thing that is wrong is told, empty if nothing is. */
  Optional<String> run() {
    for (int i = 0; i < STEPS; i++) {
      ran = false;
      step();
      Optional<String> wrong = ran ? look() : Optional.empty();
      if (wrong.isPresent()) {
        return wrong;
      }
    }
    return settle().or(this::end);
  }

  /** What was done, step by step. */
  List<String> trace() {
    return trace;
  }

  // ---- Steps

  private void step() {
    int dice = random.nextInt(100);
    if (dice < 22) {
      publish();
    } else if (dice < 27) {
      burst();
    } else if (dice < 31) {
      publishLocal();
    } else if (dice < 33) {
      interrupt();
    } else if (dice < 35) {
      revoke();
    } else if (dice < 42) {
      subscribe();
    } else if (dice < 53) {
      changeReadiness();
    } else if (dice < 56) {
      closeOne();
    } else if (dice < 58) {
      widen();
    } else if (dice < 65) {
      load();
    } else if (dice < 68) {
      advance();
    } else {
      runLane();
    }
  }

  private void publish() {
    Event event = event();
    trace.add("publish " + event.data() + " on " + event.topic() + " for " + event.audience());
    EventId id = broker.publish(event).toCompletableFuture().join();
    published.placed(id, event);
  }

  private void burst() {
    for (int i = random.nextInt(2 * logEvents); i >= 0; i--) {
      publish();
    }
  }

  private void publishLocal() {
    Event event = event();
    trace.add("publishLocal " + event.data() + " on " + event.topic());
    broker.publishLocal(event);
    published.local(event);
  }

  private Event event() {
    Event event = Event.of(pick(TOPICS), "e", "e" + events++);
    if (random.nextBoolean()) {
      event = event.withKey("k" + random.nextInt(3));
    }
    int dice = random.nextInt(6);
    if (dice == 0) {
      return event.withAudience(Audience.of(List.of(pick(PRINCIPALS))));
    }
    return dice == 1 ? event.withAudience(Audience.nobody()) : event;
  }

  private void interrupt() {
    TopicFilter scope = pick(FILTERS);
    if (random.nextInt(3) == 0) {
      trace.add("source gap on " + scope);
      feed.inbound.orElseThrow().gap(scope);
      published.sourceGap(scope);
      return;
    }
    trace.add("interruption on " + scope);
    Interruption broken = new Interruption(scope);
    published.placed(broker.publish(broken).toCompletableFuture().join(), broken);
  }

  private void revoke() {
    Revocation revocation = new Revocation(pick(PRINCIPALS), pick(FILTERS));
    trace.add("revoke " + revocation);
    published.placed(broker.publish(revocation).toCompletableFuture().join(), revocation);
  }

  private void widen() {
    open()
        .ifPresent(
            life -> {
              Authorized<String> by = authorized(life.request.principal());
              List<TopicFilter> more = List.of(pick(FILTERS));
              trace.add(
                  life
                      + " asks for "
                      + more
                      + " as well"
                      + by.asOf().map(id -> " as of " + id).orElse(""));
              life.widen(by, more);
            });
  }

  private Authorized<String> authorized(String principal) {
    Authorized<String> now = Authorized.principal(principal);
    EventId end = broker.cursor();
    long ago = random.nextInt(3 * logEvents);
    return random.nextInt(3) != 0
        ? now
        : now.asOf(new EventId(end.epoch(), Math.max(0, end.position() - ago)));
  }

  private void subscribe() {
    if (lives.stream().filter(SimulatedLife::isOpen).count() >= MAX_OPEN) {
      return;
    }
    SimulatedLane lane = pick(lanes);
    SubscribeRequest request = request(lane);
    SimulatedLife life =
        new SimulatedLife(lives.size(), request, lane, published, this::whatASubscriberDoes);
    life.checker.exactly(logEvents);
    if (random.nextInt(3) == 0) {
      life.takeAtMost(random.nextInt(6));
    }
    trace.add(
        life
            + " subscribes to "
            + request.filters()
            + " as "
            + request.principal()
            + (request.snapshot().isPresent() ? " with snapshot" : "")
            + request.lastEventId().map(id -> " after " + id).orElse("")
            + " "
            + request.lagPolicy()
            + " on "
            + lane);
    lives.add(life);
    life.begin(broker.subscribe(request, life));
  }

  private SubscribeRequest request(SimulatedLane lane) {
    SubscribeRequest.Builder<String> request =
        SubscribeRequest.by(authorized(pick(PRINCIPALS))).lagPolicy(lagPolicy()).lane(lane);
    for (int i = random.nextInt(4) == 0 ? 2 : 1; i > 0; i--) {
      request.filter(pick(FILTERS));
    }
    if (random.nextBoolean()) {
      request.snapshot(new Loaded(published.size()));
    }
    if (random.nextInt(3) == 0) {
      request.lastEventId(someId());
    }
    return request.build();
  }

  private LagPolicy lagPolicy() {
    LagPolicy policy =
        pick(List.of(LagPolicy.RESYNC, LagPolicy.RESYNC, LagPolicy.DISCONNECT, LagPolicy.CONFLATE));
    return switch (random.nextInt(8)) {
      case 0 -> policy.maxEvents(1 + random.nextInt(logEvents));
      case 1 -> policy.maxBytes(1 + random.nextInt(300 * logEvents));
      case 2 -> policy.maxAge(Duration.ofMillis(1 + random.nextInt(10_000)));
      default -> policy;
    };
  }

  /** One that a life got to, any other of this log, one from tomorrow, or none at all. */
  private String someId() {
    EventId end = broker.cursor();
    return switch (random.nextInt(8)) {
      case 0 -> "no id";
      case 1 -> "another." + random.nextInt(10);
      case 2 -> new EventId(end.epoch(), end.position() + 1 + random.nextInt(3)).toString();
      case 3, 4 -> new EventId(end.epoch(), random.nextLong(end.position() + 1)).toString();
      default -> lives.isEmpty() ? end.toString() : pick(lives).subscription().cursor().toString();
    };
  }

  private void changeReadiness() {
    open()
        .ifPresent(
            life -> {
              int dice = random.nextInt(5);
              if (dice == 0) {
                trace.add(life + " is not ready");
                life.takeAtMost(0);
              } else if (dice == 1) {
                trace.add(life + " is woken");
                life.wake();
              } else {
                int more = 1 + random.nextInt(40);
                trace.add(life + " takes " + more + " more");
                life.takeMore(more);
                if (dice > 2) {
                  life.wake();
                }
              }
            });
  }

  private void closeOne() {
    open()
        .ifPresent(
            life -> {
              trace.add(life + " is closed");
              life.close(CloseReason.DISCONNECTED);
            });
  }

  private void load() {
    if (loads.waiting() > 0 && !nested) {
      trace.add("a load runs");
      loads.runOne(random);
      // A load that runs out of time is interrupted, and here that is this very thread.
      boolean unused = Thread.interrupted();
    }
  }

  private void advance() {
    Duration by = Duration.ofMillis(1 + random.nextInt((int) SNAPSHOT_TIMEOUT.toMillis()));
    trace.add("time goes on by " + by);
    ran = true;
    timer.advance(by);
  }

  private void runLane() {
    SimulatedLane lane = pick(lanes);
    if (lane.isWaiting() && !nested) {
      run(lane);
    }
  }

  private void run(SimulatedLane lane) {
    trace.add(lane + " runs");
    ran = true;
    int before = published.size();
    lane.runOne();
    for (SimulatedLife life : lives) {
      if (life.lane == lane) {
        life.checker.laneHasRead(before);
      }
    }
  }

  /** What happens in the midst of a call, on the lane, once in a while. */
  private void whatASubscriberDoes(SimulatedLife life, Told told) {
    trace.add("  " + life + " " + told);
    if (nested || told instanceof Told.End || random.nextInt(40) != 0) {
      return;
    }
    nested = true;
    try {
      switch (random.nextInt(6)) {
        case 0 -> life.close(CloseReason.UNSUBSCRIBED);
        case 1 -> {
          trace.add("  " + life + " throws");
          throw new IllegalStateException("on purpose");
        }
        case 2, 3 -> publish();
        default -> step();
      }
    } finally {
      nested = false;
    }
  }

  // ---- What must hold

  /**
   * After each step that ran something; records are complete between steps, for nobody is in the
   * midst of a call.
   */
  private Optional<String> look() {
    for (SimulatedLife life : lives) {
      if (life.isOpen() && life.subscription().state() != Subscription.State.CLOSED) {
        life.checker.requireCursor(life.subscription().cursor());
        life.checker.requireBatchEnd();
      }
      Optional<String> wrong = wrong(life);
      if (wrong.isPresent()) {
        return wrong;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> wrong(SimulatedLife life) {
    List<String> violations = life.checker.violations();
    return violations.isEmpty()
        ? Optional.empty()
        : Optional.of(life + ": " + String.join("\n  ", violations));
  }

  /** Everybody comes to rest, by what was promised: no wake that is not owed, no further event. */
  private Optional<String> settle() {
    trace.add("-- everybody comes to rest");
    nested = true; // nobody does anything more by itself
    comeToRest();
    lives.stream()
        .filter(SimulatedLife::isOpen)
        .filter(SimulatedLife::owesWake)
        .forEach(SimulatedLife::wake);
    comeToRest();
    for (SimulatedLife life : lives) {
      if (life.isOpen() && life.ready()) {
        life.checker.requireComplete();
      }
    }
    trace.add("-- everybody is ready");
    for (SimulatedLife life : lives) {
      if (life.isOpen()) {
        life.takeEverything();
        life.wake();
      }
    }
    comeToRest();
    for (SimulatedLife life : lives) {
      if (life.isOpen()) {
        life.checker.requireComplete();
      }
    }
    return look().or(this::counted);
  }

  private void comeToRest() {
    boolean moved = true;
    while (moved) {
      moved = loads.waiting() > 0;
      while (loads.waiting() > 0) {
        loads.runOne(random);
      }
      for (SimulatedLane lane : lanes) {
        moved |= lane.isWaiting();
        while (lane.isWaiting()) {
          run(lane);
        }
      }
    }
  }

  private Optional<String> counted() {
    BrokerStats stats = broker.stats();
    long open = lives.stream().filter(SimulatedLife::isOpen).count();
    long delivered = lives.stream().mapToLong(life -> life.checker.delivered()).sum();
    if (stats.subscriptions().open() != open || stats.subscriptions().lagging() != 0) {
      return Optional.of("counted " + stats + " (expected: " + open + " open, none lagging)");
    }
    return stats.events().delivered() > delivered
        ? Optional.of("counted " + stats + " (expected: at most " + delivered + " delivered)")
        : Optional.empty();
  }

  /** All lives end, one way or the other, and nothing is left. */
  private Optional<String> end() {
    boolean byBroker = random.nextBoolean();
    trace.add(byBroker ? "-- the broker is closed" : "-- everybody leaves");
    if (!byBroker) {
      lives.stream()
          .filter(SimulatedLife::isOpen)
          .forEach(life -> life.close(CloseReason.UNSUBSCRIBED));
      comeToRest();
    }
    broker.close();
    comeToRest();
    for (SimulatedLife life : lives) {
      life.checker.requireOver();
      Optional<CloseReason> expected = life.closedWith();
      CloseReason reason = life.closed().getNow(null);
      if (expected.isPresent() && !expected.get().equals(reason)) {
        return Optional.of(life + " ended with " + reason + " (expected: " + expected + ")");
      }
    }
    Optional<String> wrong = lives.stream().flatMap(life -> wrong(life).stream()).findFirst();
    if (wrong.isEmpty() && (broker.stats().subscriptions().open() > 0 || timer.scheduled() > 0)) {
      return Optional.of("left behind: " + broker.stats() + ", " + timer.scheduled() + " timers");
    }
    return wrong;
  }

  private Optional<SimulatedLife> open() {
    List<SimulatedLife> open = lives.stream().filter(SimulatedLife::isOpen).toList();
    return open.isEmpty() ? Optional.empty() : Optional.of(pick(open));
  }

  private <T> T pick(List<T> some) {
    return some.get(random.nextInt(some.size()));
  }

  /** State as it was at some moment between the arming and the load's end; or no state at all. */
  private final class Loaded implements SnapshotSource<String> {

    private final int notBefore;

    Loaded(int notBefore) {
      this.notBefore = notBefore;
    }

    @Override
    public Snapshot load(String authorized, Duration timeout) {
      int asOf = notBefore + random.nextInt(published.size() - notBefore + 1);
      if (!nested && random.nextInt(4) == 0) {
        nested = true;
        step(); // the load takes its time
        nested = false;
      }
      return switch (random.nextInt(6)) {
        case 0 -> throw new IllegalStateException("on purpose");
        case 1, 2 -> PublishedHistory.snapshot();
        default -> published.snapshotOf(asOf);
      };
    }

    @Override
    public Snapshot fallback(String authorized) {
      return PublishedHistory.snapshot();
    }
  }

  /** A plain source, for the gaps that it tells. */
  private static final class Feed implements EventSource {

    private Optional<Inbound> inbound = Optional.empty();

    @Override
    public void start(Inbound newInbound) {
      inbound = Optional.of(newInbound);
    }

    @Override
    public SourceStatus status() {
      return new SourceStatus("feed", SourceStatus.State.UP, "");
    }

    @Override
    public void close() {}
  }
}
