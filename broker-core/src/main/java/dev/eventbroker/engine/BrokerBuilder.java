package dev.eventbroker.engine;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Backplane;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.detached.DeferredPublishing;
import dev.eventbroker.detached.DetachedWorkers;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Makes a {@link Broker}. Every part has a default; time, timers and randomness can be given from
 * outside, so that a test can turn the clock. Not safe for use by several threads.
 */
public final class BrokerBuilder {

  /**
   * Enough for the events of a reconnect of some minutes at some hundred a second; the ring takes
   * 256 KiB.
   */
  public static final int DEFAULT_LOG_EVENTS = 65_536;

  /** Bounds the log where events are large. */
  public static final long DEFAULT_LOG_BYTES = 64L << 20;

  /** An event is news, not a file. */
  public static final int DEFAULT_MAX_DATA_LENGTH = 1 << 20;

  /** What a person waits for a page that shows something. */
  public static final Duration DEFAULT_SNAPSHOT_TIMEOUT = Duration.ofSeconds(5);

  /** As many loads at a time as a small connection pool can serve. */
  public static final int DEFAULT_SNAPSHOT_THREADS = 8;

  /** As many tasks at a time as a small connection pool can serve. */
  public static final int DEFAULT_DETACHED_THREADS = 8;

  /** Work for some seconds; more would be late anyway. */
  public static final int DEFAULT_DETACHED_PENDING = 10_000;

  /** Longer than any database statement should take. */
  public static final Duration DEFAULT_DETACHED_TIMEOUT = Duration.ofSeconds(30);

  /**
   * A transaction that changes more has one {@code Interruption} to tell, not a thousand events.
   */
  public static final int DEFAULT_DEFERRED_MESSAGES = 1000;

  /** Eight of the largest events: what a request may hold in memory until its commit. */
  public static final long DEFAULT_DEFERRED_CHARACTERS = 8L << 20;

  /**
   * How often owners of edit sessions are touched: thirty times within the sessions' default of 15
   * minutes.
   */
  public static final Duration DEFAULT_HEARTBEAT = Duration.ofSeconds(30);

  /**
   * Far more than a person's windows on all their machines, or than the streams of a handful of
   * HTTP/2 connections; and far less than a process has file descriptors, so that one client that
   * opens streams in a loop is refused while there is room for everybody else.
   */
  public static final int DEFAULT_CONNECTIONS_PER_PRINCIPAL = 1000;

  /** In-process subscribers are few; they must not take the processors from event loops. */
  public static final int DEFAULT_LANES = 1;

  /**
   * Longer than any pause of a healthy machine, a full garbage collection included, and shorter
   * than users wait before they call.
   */
  public static final Duration DEFAULT_LANE_BLOCKED_AFTER = Duration.ofSeconds(5);

  private static final String EPOCH_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
  private static final int EPOCH_LENGTH = 10;

  private String name = "eventbroker";
  private int logEvents = DEFAULT_LOG_EVENTS;
  private long logBytes = DEFAULT_LOG_BYTES;
  private int maxDataLength = DEFAULT_MAX_DATA_LENGTH;
  private Duration snapshotTimeout = DEFAULT_SNAPSHOT_TIMEOUT;
  private int snapshotThreads = DEFAULT_SNAPSHOT_THREADS;
  private int detachedThreads = DEFAULT_DETACHED_THREADS;
  private int detachedPending = DEFAULT_DETACHED_PENDING;
  private Duration detachedTimeout = DEFAULT_DETACHED_TIMEOUT;
  private boolean detachedVirtualThreads = true;
  private int deferredMessages = DEFAULT_DEFERRED_MESSAGES;
  private long deferredCharacters = DEFAULT_DEFERRED_CHARACTERS;
  private Duration heartbeat = DEFAULT_HEARTBEAT;
  private int connectionsPerPrincipal = DEFAULT_CONNECTIONS_PER_PRINCIPAL;
  private int laneCount = DEFAULT_LANES;
  private int maxTopicBytes = Topic.MAX_BYTES;
  private int maxTopicLevels = Topic.MAX_LEVELS;
  private Duration laneBlockedAfter = DEFAULT_LANE_BLOCKED_AFTER;
  private InstantSource clock = Clock.systemUTC();
  private LongSupplier nanoClock = System::nanoTime;
  private RandomGenerator random = new SecureRandom();
  private Optional<ScheduledExecutorService> timer = Optional.empty();
  private ReplayEffort replayEffort = ReplayEffort.DEFAULT;
  private Optional<ThreadPoolExecutor> snapshotExecutor = Optional.empty();
  private Optional<Backplane> backplane = Optional.empty();
  private BrokerObserver observer = new BrokerObserver() {};

  /** A builder with every default. */
  public BrokerBuilder() {}

  /** What the broker's threads and log lines are named after. Default: {@code eventbroker}. */
  public BrokerBuilder name(String newName) {
    name = requireNonNull(newName, "name");
    return this;
  }

  /** How many events the log keeps at most. Default: {@value #DEFAULT_LOG_EVENTS}; 16 to 2^26. */
  public BrokerBuilder logEvents(int events) {
    logEvents = (int) requireBetween("logEvents", events, 16, 1 << 26);
    return this;
  }

  /** How many bytes the log's events take at most, estimated. Default: 64 MiB; at least 64 KiB. */
  public BrokerBuilder logBytes(long bytes) {
    logBytes = requireBetween("logBytes", bytes, 1 << 16, Long.MAX_VALUE);
    return this;
  }

  /** How many characters the data of one event has at most. Default: 2^20. */
  public BrokerBuilder maxDataLength(int characters) {
    maxDataLength = (int) requireBetween("maxDataLength", characters, 1, 1 << 28);
    return this;
  }

  /**
   * How many UTF-8 bytes a topic that is published to, or a filter that is subscribed with, has at
   * most. Default: {@link Topic#MAX_BYTES}; 1 to that.
   */
  public BrokerBuilder maxTopicBytes(int bytes) {
    maxTopicBytes = (int) requireBetween("maxTopicBytes", bytes, 1, Topic.MAX_BYTES);
    return this;
  }

  /**
   * How many levels a topic that is published to, or a filter that is subscribed with, has at most.
   * Default: {@link Topic#MAX_LEVELS}; 1 to that.
   */
  public BrokerBuilder maxTopicLevels(int levels) {
    maxTopicLevels = (int) requireBetween("maxTopicLevels", levels, 1, Topic.MAX_LEVELS);
    return this;
  }

  /** How long a snapshot may take to load where the caller sets no deadline. Default: 5 s. */
  public BrokerBuilder snapshotTimeout(Duration timeout) {
    snapshotTimeout = requirePositive("snapshotTimeout", timeout);
    return this;
  }

  /** How many snapshots load at a time. Default: {@value #DEFAULT_SNAPSHOT_THREADS}. */
  public BrokerBuilder snapshotThreads(int threads) {
    snapshotThreads = (int) requireBetween("snapshotThreads", threads, 1, 10_000);
    return this;
  }

  /** When replays merge strands: for tests whose logs are too short for it otherwise. */
  BrokerBuilder replayEffort(ReplayEffort effort) {
    replayEffort = effort;
    return this;
  }

  /** Loads snapshots on those threads, and stops them: for tests that decide when a load ends. */
  BrokerBuilder snapshotExecutor(ThreadPoolExecutor threads) {
    snapshotExecutor = Optional.of(threads);
    return this;
  }

  /** How many detached tasks run at a time. Default: {@value #DEFAULT_DETACHED_THREADS}. */
  public BrokerBuilder detachedThreads(int threads) {
    detachedThreads = (int) requireBetween("detachedThreads", threads, 1, 10_000);
    return this;
  }

  /**
   * How many detached tasks wait or run before more are refused. Default: {@value
   * #DEFAULT_DETACHED_PENDING}.
   */
  public BrokerBuilder detachedPending(int tasks) {
    detachedPending = (int) requireBetween("detachedPending", tasks, 1, Integer.MAX_VALUE);
    return this;
  }

  /** How long a detached task may run before it is interrupted. Default: 30 s. */
  public BrokerBuilder detachedTimeout(Duration timeout) {
    detachedTimeout = requirePositive("detachedTimeout", timeout);
    return this;
  }

  /**
   * How many connections a principal may have at this node; one more is refused, and the others
   * stay as they are. Where many people share one principal (guests), set it to as many as there
   * may be of them. Default: {@value #DEFAULT_CONNECTIONS_PER_PRINCIPAL}.
   */
  public BrokerBuilder connectionsPerPrincipal(int connections) {
    connectionsPerPrincipal =
        (int) requireBetween("connectionsPerPrincipal", connections, 1, Integer.MAX_VALUE);
    return this;
  }

  /**
   * Whether detached tasks run on virtual threads where the JDK has them (21 and later). Say no
   * where they would hold on to the few threads that carry those: code that blocks within {@code
   * synchronized} on a JDK before 24, or in native code. Default: yes.
   */
  public BrokerBuilder detachedVirtualThreads(boolean wanted) {
    detachedVirtualThreads = wanted;
    return this;
  }

  /**
   * How many messages are held for one transaction until it is committed. Default: {@value
   * #DEFAULT_DEFERRED_MESSAGES}.
   */
  public BrokerBuilder deferredMessages(int messages) {
    deferredMessages = (int) requireBetween("deferredMessages", messages, 1, 1_000_000);
    return this;
  }

  /** How many characters of data are held for one transaction. Default: 2^23. */
  public BrokerBuilder deferredCharacters(long characters) {
    deferredCharacters = requireBetween("deferredCharacters", characters, 1, Long.MAX_VALUE / 2);
    return this;
  }

  /** How often connection listeners are told who is there, give or take a tenth. Default: 30 s. */
  public BrokerBuilder heartbeat(Duration interval) {
    heartbeat = requirePositive("heartbeat", interval);
    return this;
  }

  /**
   * How many threads serve subscribers that bring no executor. Default: {@value #DEFAULT_LANES}.
   */
  public BrokerBuilder lanes(int lanes) {
    laneCount = (int) requireBetween("lanes", lanes, 1, 1000);
    return this;
  }

  /**
   * After how long without progress a lane is reported as blocked, with the subscriber that it is
   * in. Default: 5 s.
   */
  public BrokerBuilder laneBlockedAfter(Duration time) {
    laneBlockedAfter = requirePositive("laneBlockedAfter", time);
    return this;
  }

  /** Gives events their time. Default: the system's clock. */
  public BrokerBuilder clock(InstantSource source) {
    clock = requireNonNull(source, "source");
    return this;
  }

  /** Measures how long something takes, in nanoseconds. Default: {@link System#nanoTime}. */
  public BrokerBuilder nanoClock(LongSupplier nanos) {
    nanoClock = requireNonNull(nanos, "nanos");
    return this;
  }

  /**
   * Where jitter, the epoch and idempotency keys come from; must be safe for several threads.
   * Default: {@link SecureRandom}.
   */
  public BrokerBuilder random(RandomGenerator generator) {
    random = requireNonNull(generator, "generator");
    return this;
  }

  /**
   * Runs what is due later; is not shut down with the broker. Default: a thread of the broker's
   * own.
   */
  public BrokerBuilder timer(ScheduledExecutorService scheduler) {
    timer = Optional.of(scheduler);
    return this;
  }

  /**
   * Connects this node with others. Started by {@link #build}, closed with the broker. Default:
   * none.
   */
  public BrokerBuilder backplane(Backplane plane) {
    backplane = Optional.of(plane);
    return this;
  }

  /** Hears of what a person wants to count or be woken for. Default: nobody. */
  public BrokerBuilder observer(BrokerObserver newObserver) {
    observer = requireNonNull(newObserver, "observer");
    return this;
  }

  /**
   * Makes and starts the broker. May block as long as the backplane takes to start.
   *
   * @throws BrokerException if the backplane can't start; nothing is left behind then
   */
  public Broker build() {
    BrokerSettings settings =
        new BrokerSettings(
            name,
            logEvents,
            logBytes,
            replayEffort,
            maxDataLength,
            new TopicLimits(maxTopicBytes, maxTopicLevels),
            snapshotTimeout,
            new DetachedWorkers.Limits(detachedThreads, detachedPending, detachedTimeout),
            connectionsPerPrincipal,
            laneBlockedAfter,
            detachedVirtualThreads,
            new DeferredPublishing.Limits(deferredMessages, deferredCharacters),
            heartbeat,
            clock,
            nanoClock,
            random,
            backplane,
            observer);
    ThreadPoolExecutor loaders =
        snapshotExecutor.orElseGet(() -> SnapshotLoader.threads(snapshotThreads, name));
    LogBroker broker =
        new LogBroker(
            settings,
            new BrokerResources(name, timer, laneCount, loaders),
            new EventId(newEpoch(), 0));
    broker.start(random);
    return broker;
  }

  /** Random, so that two lives of one node are never taken for one another. */
  private String newEpoch() {
    StringBuilder epoch = new StringBuilder(EPOCH_LENGTH);
    for (int i = 0; i < EPOCH_LENGTH; i++) {
      epoch.append(EPOCH_CHARACTERS.charAt(random.nextInt(EPOCH_CHARACTERS.length())));
    }
    return epoch.toString();
  }

  private static long requireBetween(String what, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          what + ": " + value + " (expected: " + min + " to " + max + ")");
    }
    return value;
  }

  private static Duration requirePositive(String what, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
    }
    return value;
  }
}
