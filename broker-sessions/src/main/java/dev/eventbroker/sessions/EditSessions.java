package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Connections;
import dev.eventbroker.Registration;
import dev.eventbroker.Topic;
import dev.eventbroker.runtime.BrokerThreads;
import dev.eventbroker.sessions.Acquisition.Acquired;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who edits what, and who is here. A resource is in the hands of one owner (a workstation, a tab)
 * until it lets go, until its last connection is gone, until somebody takes it over, or until it
 * has given no sign of life for the timeout. Beside that holder, any number of owners may have
 * {@linkplain #join joined} it.
 *
 * <p>The connections are the heartbeat, and nothing else is. At each tick of the broker all owners
 * with a connection to this node are touched, in one call to the store. When the client ends the
 * last one, of all nodes, what its owner holds is released, after the grace. Where several nodes
 * share the store, those that are alive are asked first, for the owner may have come to one of them
 * in this moment; they look for such questions every second. A connection that the server ends (a
 * restart, a longest lifetime) releases nothing, for its client comes back; if it does not, its
 * sessions expire. So do those that somebody acquires for an owner that has no connection anywhere.
 *
 * <p>A sweeper releases what has expired. It runs on every node; each release happens on one of
 * them. For each session that begins or ends there is one event on its topic ({@code
 * edit.session_acquired}, {@code edit.session_released}; {@code edit.presence_joined}, {@code
 * edit.presence_left}), with the data
 *
 * <pre>{@code
 * {"session":"…","resource":"…","owner":"…","user":"…","fence":3,"reason":"expired"}
 * }</pre>
 *
 * where only an end has a {@link ReleaseReason reason}. An owner that did not let go is told by one
 * more, {@code edit.session_lost} or {@code edit.presence_lost} with the same data: at once if it
 * was {@linkplain #takeOver taken over} or {@linkplain #forceRelease forced}, when it comes back
 * otherwise. Where the store does not write them with the change, events are published after it,
 * each once, and those of changes at the same moment may swap places; the fence tells.
 *
 * <p>All methods may be called on any thread. Those that ask the store block as long as it does,
 * and throw a {@link BrokerException} if it fails. Close this before the broker.
 */
public final class EditSessions implements AutoCloseable {

  /** Somebody who went to lunch without a trace; a heartbeat is missed thirty times by then. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(15);

  /** An expired session is found at most this much later; a sweep costs some milliseconds. */
  public static final Duration DEFAULT_SWEEP_INTERVAL = Duration.ofSeconds(30);

  /**
   * Others can go on at once when somebody leaves. A page reload keeps its lock with some seconds.
   */
  public static final Duration DEFAULT_DISCONNECT_GRACE = Duration.ZERO;

  /**
   * Nobody notices that a lock is free a second later; a look at an index costs next to nothing.
   */
  public static final Duration DEFAULT_ROLL_CALL = Duration.ofSeconds(1);

  /** Gives {@code edit.session_acquired}, {@code _released} and {@code _lost}. */
  public static final String DEFAULT_TYPE_PREFIX = "edit.session";

  /** Gives {@code edit.presence_joined}, {@code _left} and {@code _lost}. */
  public static final String DEFAULT_PRESENCE_PREFIX = "edit.presence";

  /** Closing never takes longer, whatever the store does. */
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private static final Logger log = LoggerFactory.getLogger(EditSessions.class);

  private final SessionStore store;
  private final LeaseTerms terms;
  private final SessionEvents events;
  private final Function<String, Topic> topicOf;
  private final SessionCounters counters = new SessionCounters();
  private final Announcer announcer;
  private final SessionWorker worker;
  private final OwnerWatch watch;
  private final List<Recurrence> recurrences;
  private final Registration registration;
  private final Optional<ScheduledThreadPoolExecutor> own;
  private final AtomicBoolean closed = new AtomicBoolean();

  private EditSessions(Builder builder) {
    Connections connections = builder.broker.connections();
    SessionTimes times = builder.times(connections.heartbeat());
    store = builder.store;
    terms = times.terms();
    events = new JsonSessionEvents(builder.typePrefix, builder.presencePrefix);
    topicOf = builder.topicOf;
    own = builder.ownThread();
    Executor executor = builder.executor.or(() -> own).orElseThrow();
    ScheduledExecutorService timer = builder.timer.or(() -> own).orElseThrow();
    SessionObserver observer = new GuardedObservers(counters, builder.observer);
    announcer = new Announcer(builder.broker, store, events, observer);
    PendingWork work = new PendingWork();
    watch = new OwnerWatch(connections, work, this::wake, times.disconnectGrace(), timer);
    worker =
        new SessionWorker(
            new SessionWorker.Parts(
                store,
                events,
                announcer,
                observer,
                terms,
                UUID.randomUUID().toString(),
                executor,
                builder.nanoClock),
            watch,
            work);
    recurrences =
        List.of(
            new Recurrence(timer, builder.random, times.sweepInterval(), waking(work::noteSweep)),
            new Recurrence(timer, builder.random, times.rollCall(), waking(work::noteRoll)));
    registration = connections.listen(watch);
    // Those who are here already.
    watch.onTick(connections.owners());
    recurrences.forEach(Recurrence::start);
  }

  private Runnable waking(Runnable note) {
    return () -> {
      note.run();
      wake();
    };
  }

  private void wake() {
    worker.wake();
  }

  /** Sessions of the owners that are connected to that broker, kept in that store. */
  public static Builder builder(Broker broker, SessionStore store) {
    return new Builder(requireNonNull(broker, "broker"), requireNonNull(store, "store"));
  }

  /**
   * Takes the resource for the owner alone, or says who has it. The owner that has it already gets
   * the same session again, whoever the user is; that is no sign of life. Blocks.
   *
   * @throws IllegalArgumentException if a name is none of a {@link Claim}, or the resource has no
   *     topic
   * @throws BrokerException if the store fails, or this was closed
   */
  public Acquisition acquire(String resource, String owner, String user) {
    requireOpen();
    Claim claim = claim(resource, owner, user, Mode.EXCLUSIVE);
    return announced(store.acquire(claim, terms, events));
  }

  /**
   * Has the owner be there, beside others and beside who holds the resource alone. Each owner joins
   * once; again gives the same session. Blocks.
   *
   * @throws IllegalArgumentException if a name is none of a {@link Claim}, or the resource has no
   *     topic
   * @throws BrokerException if the store fails, or this was closed
   */
  public Acquired join(String resource, String owner, String user) {
    requireOpen();
    Claim claim = claim(resource, owner, user, Mode.SHARED);
    return (Acquired) announced(store.acquire(claim, terms, events));
  }

  /**
   * Takes the resource for the owner from whoever holds it under that fence, and from nobody else:
   * if another one does, that is a conflict. Whether one may is for the caller to decide; a
   * conflict before has the fence. Blocks.
   *
   * @throws IllegalArgumentException if a name is none of a {@link Claim}, or the resource has no
   *     topic
   * @throws BrokerException if the store fails, or this was closed
   */
  public Acquisition takeOver(String resource, long fence, String owner, String user) {
    requireOpen();
    Claim claim = claim(resource, owner, user, Mode.EXCLUSIVE);
    return announced(store.takeOver(claim, fence, terms, events));
  }

  private Claim claim(String resource, String owner, String user, Mode mode) {
    requireNonNull(resource, "resource");
    return new Claim(resource, topicOf.apply(resource), owner, user, mode);
  }

  private Acquisition announced(Acquisition acquisition) {
    announcer.acquired(acquisition);
    return acquisition;
  }

  /**
   * Lets go of what that session holds. Blocks.
   *
   * @return whether it was held; a session that has ended is not an error, and a later one of the
   *     same resource is not touched
   * @throws BrokerException if the store fails, or this was closed
   */
  public boolean release(UUID session) {
    return release(session, ReleaseReason.RELEASED);
  }

  /**
   * Ends a session whose holder did not ask for it, which is told. Whether one may is for the
   * caller to decide. Blocks.
   *
   * @return whether it was held
   * @throws BrokerException if the store fails, or this was closed
   */
  public boolean forceRelease(UUID session) {
    return release(session, ReleaseReason.FORCED);
  }

  private boolean release(UUID session, ReleaseReason reason) {
    requireOpen();
    Optional<Session> released = store.release(requireNonNull(session, "session"), reason, events);
    announcer.released(released.stream().toList(), reason);
    return released.isPresent();
  }

  /**
   * Lets go of everything that the owner holds, connected or not: it signed out. Blocks.
   *
   * @return how many sessions that were
   * @throws BrokerException if the store fails, or this was closed
   */
  public int releaseOwner(String owner) {
    requireOpen();
    List<Session> released = store.releaseOwner(requireNonNull(owner, "owner"), events);
    announcer.released(released, ReleaseReason.RELEASED);
    return released.size();
  }

  /** The session of that id, unless it has ended. Blocks. */
  public Optional<Session> find(UUID session) {
    return store.find(requireNonNull(session, "session"));
  }

  /** Who holds the resource alone. Blocks. */
  public Optional<Session> holder(String resource) {
    return store.holder(requireNonNull(resource, "resource"));
  }

  /**
   * Whether that fence is the one under which the resource is held alone, now: it may be another a
   * moment later. A write that must not come too late has the condition in its own transaction, see
   * {@link JdbcSessionStore#condition}. Blocks.
   */
  public boolean isCurrent(String resource, long fence) {
    return holder(resource).filter(session -> session.fence() == fence).isPresent();
  }

  /** All who hold the resource, alone and with others. Blocks. */
  public List<Session> holders(String resource) {
    return all(SessionQuery.all().ofResource(requireNonNull(resource, "resource")));
  }

  /** All that the owner holds. Blocks. */
  public List<Session> held(String owner) {
    return all(SessionQuery.all().ofOwner(requireNonNull(owner, "owner")));
  }

  private List<Session> all(SessionQuery query) {
    List<Session> all = new ArrayList<>();
    List<Session> page = store.list(query);
    all.addAll(page);
    while (page.size() == query.atMost()) {
      page = store.list(query.after(page.get(page.size() - 1).id()));
      all.addAll(page);
    }
    return List.copyOf(all);
  }

  /** A page of the sessions of all nodes, for whoever administrates them. Blocks. */
  public List<Session> list(SessionQuery query) {
    return store.list(requireNonNull(query, "query"));
  }

  /** How many sessions there are, of all nodes. Blocks. */
  public long count() {
    return store.count();
  }

  /** What this node has done. Does not block. */
  public SessionStats stats() {
    return counters.stats();
  }

  /**
   * Stops the heartbeat and the sweeper, and ends the thread that is this object's own. Releases
   * nothing: clients come back to another node, or to this one. Returns within 2 s, even if the
   * store hangs. Idempotent.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    registration.close();
    recurrences.forEach(Recurrence::stop);
    watch.close();
    if (!worker.end(CLOSE_TIMEOUT)) {
      log.warn("the session store did not answer within {}; closed all the same", CLOSE_TIMEOUT);
    }
    own.ifPresent(ScheduledThreadPoolExecutor::shutdownNow);
  }

  private void requireOpen() {
    if (closed.get()) {
      throw new BrokerException.Closed("edit sessions");
    }
  }

  /** Collects the parts. Not safe for use by several threads. */
  public static final class Builder {

    private final Broker broker;
    private final SessionStore store;
    private Duration timeout = DEFAULT_TIMEOUT;
    private Duration sweepInterval = DEFAULT_SWEEP_INTERVAL;
    private Duration disconnectGrace = DEFAULT_DISCONNECT_GRACE;
    private Optional<Duration> rollCall = Optional.empty();
    private String typePrefix = DEFAULT_TYPE_PREFIX;
    private String presencePrefix = DEFAULT_PRESENCE_PREFIX;
    private SessionObserver observer = new SessionObserver() {};
    private LongSupplier nanoClock = System::nanoTime;
    private Function<String, Topic> topicOf = Topic::of;
    private Optional<ScheduledExecutorService> timer = Optional.empty();
    private Optional<Executor> executor = Optional.empty();
    private RandomGenerator random = new SecureRandom();

    private Builder(Broker broker, SessionStore store) {
      this.broker = broker;
      this.store = store;
    }

    /**
     * How long a session lasts without a sign of life. Default: 15 minutes; at least twice the
     * broker's heartbeat. From five times the heartbeat on, it also covers outages of the store
     * that are too short to be noticed as such.
     */
    public Builder timeout(Duration newTimeout) {
      timeout = requirePositive("timeout", newTimeout);
      return this;
    }

    /**
     * How often to look for expired sessions, give or take a tenth. Default: 30 s; at most the
     * timeout.
     */
    public Builder sweepInterval(Duration interval) {
      sweepInterval = requirePositive("sweepInterval", interval);
      return this;
    }

    /**
     * How long an owner may be gone before what it holds is released. Default: none, at once; less
     * than the timeout.
     */
    public Builder disconnectGrace(Duration grace) {
      disconnectGrace = requireNonNull(grace, "grace");
      return this;
    }

    /**
     * How often to look whether another node asks who is here: so much later than elsewhere a
     * disconnect counts where several nodes share the store. Default: 1 s, or the broker's
     * heartbeat if that is shorter; at most that.
     */
    public Builder rollCall(Duration interval) {
      rollCall = Optional.of(requirePositive("rollCall", interval));
      return this;
    }

    /**
     * What the types of the events start with; {@code _acquired}, {@code _released} and {@code
     * _lost} follow. Default: {@code edit.session}.
     */
    public Builder typePrefix(String prefix) {
      typePrefix = requireNonNull(prefix, "prefix");
      return this;
    }

    /**
     * What the types of the events of those who joined start with; {@code _joined}, {@code _left}
     * and {@code _lost} follow. Default: {@code edit.presence}.
     */
    public Builder presencePrefix(String prefix) {
      presencePrefix = requireNonNull(prefix, "prefix");
      return this;
    }

    /** Hears of what this node does. Default: nobody. */
    public Builder observer(SessionObserver newObserver) {
      observer = requireNonNull(newObserver, "observer");
      return this;
    }

    /**
     * Where the events of a resource go. Asked once for each call of {@link EditSessions#acquire};
     * what it throws refuses the resource. Default: the resource's name is the topic.
     */
    public Builder topicOf(Function<String, Topic> mapping) {
      topicOf = requireNonNull(mapping, "mapping");
      return this;
    }

    /**
     * Runs what is due later, nothing of which blocks; is not shut down. Default: a thread of this
     * object's own.
     */
    public Builder timer(ScheduledExecutorService scheduler) {
      timer = Optional.of(scheduler);
      return this;
    }

    /** Measures how long a sweep takes, in nanoseconds. Default: {@link System#nanoTime}. */
    public Builder nanoClock(LongSupplier nanos) {
      nanoClock = requireNonNull(nanos, "nanos");
      return this;
    }

    /** Where the jitter of the sweeps comes from. Default: {@link SecureRandom}. */
    public Builder random(RandomGenerator generator) {
      random = requireNonNull(generator, "generator");
      return this;
    }

    /**
     * Runs what blocks, one task at a time; is not shut down. Default: a thread of this object's
     * own.
     */
    public Builder executor(Executor blocking) {
      executor = Optional.of(blocking);
      return this;
    }

    /**
     * Starts the heartbeat and the sweeper. Does not block.
     *
     * @throws IllegalArgumentException if the times do not fit each other, or the prefix makes no
     *     type
     */
    public EditSessions build() {
      return new EditSessions(this);
    }

    private SessionTimes times(Duration heartbeat) {
      Duration call =
          rollCall.orElse(
              heartbeat.compareTo(DEFAULT_ROLL_CALL) < 0 ? heartbeat : DEFAULT_ROLL_CALL);
      return new SessionTimes(timeout, sweepInterval, disconnectGrace, call, heartbeat);
    }

    private Optional<ScheduledThreadPoolExecutor> ownThread() {
      if (timer.isPresent() && executor.isPresent()) {
        return Optional.empty();
      }
      ScheduledThreadPoolExecutor own =
          new ScheduledThreadPoolExecutor(1, new BrokerThreads("eventbroker-sessions"));
      own.setRemoveOnCancelPolicy(true);
      return Optional.of(own);
    }

    private static Duration requirePositive(String what, Duration value) {
      if (value.isNegative() || value.isZero()) {
        throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
      }
      return value;
    }
  }
}
