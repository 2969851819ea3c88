package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Registration;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.runtime.BrokerThreads;
import dev.eventbroker.sessions.Acquisition.Acquired;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who edits what: a resource is in the hands of one owner (a workstation, a tab) until it lets go,
 * until its last connection is gone, or until it has given no sign of life for the timeout.
 *
 * <p>The connections are the heartbeat. At each tick of the broker all owners with a connection to
 * this node are touched, in one call to the store. When the client ends the last one, what its
 * owner holds is released, at once or after the grace, unless another node has the owner. A
 * connection that the server ends (a restart, a longest lifetime) releases nothing, for its client
 * comes back; if it does not, its sessions expire. So do those that somebody acquires for an owner
 * that has no connection anywhere.
 *
 * <p>A sweeper releases what has expired. It runs on every node; each release happens on one of
 * them. For each session that begins or ends there is one event on its topic, with the data
 *
 * <pre>{@code
 * {"session":"…","resource":"…","owner":"…","user":"…","fence":3,"reason":"expired"}
 * }</pre>
 *
 * where only a release has a {@link ReleaseReason reason}. Where the store does not write them with
 * the change, events are published after it, each once, and those of changes at the same moment may
 * swap places; the fence tells.
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

  /** Gives {@code edit.session_acquired} and {@code edit.session_released}. */
  public static final String DEFAULT_TYPE_PREFIX = "edit.session";

  /** A missed tick is no outage; two in a row of all nodes are. */
  private static final int OUTAGE_IN_HEARTBEATS = 2;

  /** Closing never takes longer, whatever the store does. */
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private static final Logger log = LoggerFactory.getLogger(EditSessions.class);

  private final SessionStore store;
  private final LeaseTerms terms;
  private final SessionEvents events;
  private final Function<String, Topic> topicOf;
  private final Announcer announcer;
  private final SessionWorker worker;
  private final OwnerWatch watch;
  private final SweepTimer sweeper;
  private final Registration registration;
  private final Optional<ScheduledThreadPoolExecutor> own;
  private final AtomicBoolean closed = new AtomicBoolean();

  private EditSessions(Builder builder) {
    store = builder.store;
    terms = builder.terms();
    events = new JsonSessionEvents(builder.typePrefix);
    topicOf = builder.topicOf;
    own = builder.ownThread();
    Executor executor = builder.executor.or(() -> own).orElseThrow();
    ScheduledExecutorService timer = builder.timer.or(() -> own).orElseThrow();
    announcer = new Announcer(builder.broker, store, events);
    PendingWork work = new PendingWork();
    worker =
        new SessionWorker(
            store,
            events,
            announcer,
            builder.broker.connections(),
            work,
            terms,
            UUID.randomUUID().toString(),
            executor);
    watch =
        new OwnerWatch(
            builder.broker.connections(), work, worker::wake, builder.disconnectGrace, timer);
    sweeper =
        new SweepTimer(
            timer,
            builder.random,
            builder.sweepInterval,
            () -> {
              work.noteSweep();
              worker.wake();
            });
    registration = builder.broker.connections().listen(watch);
    // Those who are here already.
    watch.onTick(builder.broker.connections().owners());
    sweeper.start();
  }

  /** Sessions of the owners that are connected to that broker, kept in that store. */
  public static Builder builder(Broker broker, SessionStore store) {
    return new Builder(requireNonNull(broker, "broker"), requireNonNull(store, "store"));
  }

  /**
   * Takes the resource for the owner, or says who has it. The owner that has it already gets the
   * same session again, whoever the user is. Blocks.
   *
   * @throws IllegalArgumentException if a name is none of a {@link Claim}, or the resource has no
   *     topic
   * @throws BrokerException if the store fails, or this was closed
   */
  public Acquisition acquire(String resource, String owner, String user) {
    requireOpen();
    requireNonNull(resource, "resource");
    Claim claim = new Claim(resource, topicOf.apply(resource), owner, user);
    Acquisition acquisition = store.acquire(claim, terms, events);
    if (acquisition instanceof Acquired acquired && acquired.begun()) {
      announcer.acquired(acquired.session());
    }
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
    requireOpen();
    Optional<Session> released = store.release(requireNonNull(session, "session"), events);
    announcer.released(released.stream().toList(), ReleaseReason.RELEASED);
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

  /** Who holds the resource. Blocks. */
  public Optional<Session> holder(String resource) {
    return store.holder(requireNonNull(resource, "resource"));
  }

  /** How many sessions there are, of all nodes. Blocks. */
  public long held() {
    return store.held();
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
    sweeper.stop();
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
    private Duration heartbeat = BrokerBuilder.DEFAULT_HEARTBEAT;
    private String typePrefix = DEFAULT_TYPE_PREFIX;
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
     * heartbeat. From five times the heartbeat on, it also covers outages of the store that are too
     * short to be noticed as such.
     */
    public Builder timeout(Duration newTimeout) {
      timeout = requirePositive("timeout", newTimeout);
      return this;
    }

    /** How often to look for expired sessions, give or take a tenth. Default: 30 s. */
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
     * The heartbeat that the broker was built with: what the timeout is measured by. Default: the
     * broker's default.
     */
    public Builder heartbeat(Duration interval) {
      heartbeat = requirePositive("heartbeat", interval);
      return this;
    }

    /**
     * What the types of the events start with; {@code _acquired} and {@code _released} follow.
     * Default: {@code edit.session}.
     */
    public Builder typePrefix(String prefix) {
      typePrefix = requireNonNull(prefix, "prefix");
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

    private LeaseTerms terms() {
      Duration shortest = heartbeat.multipliedBy(2);
      if (timeout.compareTo(shortest) < 0) {
        throw new IllegalArgumentException(
            "timeout: " + timeout + " (expected: >= " + shortest + ", twice the heartbeat)");
      }
      if (disconnectGrace.isNegative() || disconnectGrace.compareTo(timeout) >= 0) {
        throw new IllegalArgumentException(
            "disconnectGrace: "
                + disconnectGrace
                + " (expected: >= PT0S and < "
                + timeout
                + ", the timeout)");
      }
      return new LeaseTerms(timeout, heartbeat.multipliedBy(OUTAGE_IN_HEARTBEATS));
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
