package dev.eventbroker.pg;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Backplane;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import dev.eventbroker.Message;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.pg.PublishQueue.Publish;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes through PostgreSQL, so that every node that works on the same schema sees every event
 * with the same id and in the same order, and a client may resume on another node or after a
 * restart.
 *
 * <p>It holds two connections of its own, however many subscribers there are: one that listens, and
 * one that stores, orders and reads. Both are opened and closed here and come from no pool. While
 * the database is away, what is published waits in a bounded queue, and nothing that was stored is
 * missed afterwards.
 *
 * <p>The schema is made by {@link PgSchema#apply}. Every method may be called on any thread.
 */
public final class PgBackplane implements Backplane {

  private static final Logger log = LoggerFactory.getLogger(PgBackplane.class);

  private final Builder config;
  private final String instance;
  private final String name;
  private final ConnectionSettings settings;
  private final PublishQueue queue;
  private final Settlement settlement;

  // Guarded by this; each changes once.
  private boolean closed;
  private @Nullable Running running;

  // Written by who closes.
  private volatile String ending = "closing";

  private PgBackplane(Builder config) {
    this.config = config;
    this.instance = config.newInstance();
    this.name = config.instanceName(instance);
    this.settings = config.connectionSettings();
    this.queue = new PublishQueue(name, config.maxPending, Builder.MAX_PENDING_CHARACTERS);
    this.settlement = new Settlement(name, queue);
  }

  /** For the database of that URL: {@code jdbc:postgresql://host:port/database}. */
  public static Builder builder(String jdbcUrl) {
    return new Builder(requireNonNull(jdbcUrl, "jdbcUrl"));
  }

  /**
   * What this instance is called in thread names, in {@code pg_stat_activity.application_name} and
   * in log lines: the given name and a part that makes it unique.
   */
  public String name() {
    return name;
  }

  // ---- Life

  /**
   * Connects, and brings the latest events into the broker before it returns. What is lost later is
   * got back without the caller; what is wrong now is the caller's.
   *
   * @throws BrokerException if it can't: the password is refused, the server is a standby, the
   *     schema is missing, a transaction pooler stands between. Nothing is left behind.
   */
  @Override
  public void start(Inbound inbound) {
    requireNonNull(inbound, "inbound");
    Running mine;
    synchronized (this) {
      if (closed) {
        throw new BrokerException.Closed(name);
      }
      if (running != null) {
        throw new IllegalStateException(name + ": started before (expected: once)");
      }
      mine = new Running(inbound);
      running = mine;
    }
    try {
      mine.crew.start();
    } catch (BrokerException e) {
      close();
      throw e;
    }
  }

  /** The parts that need the broker. */
  private final class Running implements Listener.Sink {

    private final Listener listener;
    private final OutboxWorker worker;
    private final Lifeline listening;
    private final Lifeline working;
    private final Crew crew;

    Running(Inbound inbound) {
      listener =
          new Listener(
              List.of(config.schema + ".ordered"),
              config.schema + ".canary." + instance,
              config.canaryInterval,
              config.canaryTimeout,
              this,
              config.nanoClock);
      worker =
          new OutboxWorker(
              name,
              config.schema,
              queue,
              settlement,
              inbound,
              config.pollInterval,
              // The server gives up first, and says so.
              config.statementTimeout.plusSeconds(1),
              config.preload,
              config.random);
      listening = lifeline("-listener", Listener.properties(), listener);
      working = lifeline("-worker", workerProperties(), worker);
      crew = new Crew(name, List.of(listening, working), config.nanoClock);
    }

    private Lifeline lifeline(String role, Properties properties, Lifeline.Work work) {
      return new Lifeline(name + role, settings, properties, work, config.nanoClock, config.random);
    }

    private Properties workerProperties() {
      Properties properties = new Properties();
      properties.setProperty("currentSchema", SqlName.quoted(config.schema));
      properties.setProperty(
          "options",
          "-c statement_timeout="
              + config.statementTimeout.toMillis()
              + " -c lock_timeout="
              + Builder.LOCK_TIMEOUT.toMillis());
      return properties;
    }

    @Override
    public void listening() {
      queue.news();
    }

    /** The same network, and often the same server: what the worker waits for is in doubt. */
    @Override
    public void lost() {
      working.hurry(config.canaryTimeout);
    }

    /** Our own notifications come back as well, when all is known already. */
    @Override
    public void notified(String channel, String payload) {
      if (!payload.equals(Long.toString(worker.position()))) {
        queue.news();
      }
    }

    boolean isUp() {
      return listening.isUp() && listener.isProven() && working.isUp();
    }

    String whyNot() {
      return Stream.of(listening, working)
          .filter(lifeline -> !lifeline.lastFailure().isEmpty())
          .map(lifeline -> lifeline.name() + ": " + lifeline.lastFailure())
          .collect(Collectors.joining("; "));
    }
  }

  /**
   * {@link SourceStatus.State#UP} only while a notification sent to itself has come back lately and
   * the other connection works.
   */
  @Override
  public SourceStatus status() {
    Running current;
    synchronized (this) {
      if (closed) {
        return new SourceStatus(name, SourceStatus.State.CLOSED, ending);
      }
      current = running;
    }
    if (current == null) {
      return new SourceStatus(name, SourceStatus.State.CONNECTING, "not started");
    }
    return current.isUp()
        ? new SourceStatus(name, SourceStatus.State.UP, "")
        : new SourceStatus(name, SourceStatus.State.CONNECTING, current.whyNot());
  }

  /**
   * Stores what was published before, as far as the database answers, and ends both connections;
   * within the close timeout in any case, by resetting the sockets where they don't end by
   * themselves. Stages of events that were not stored fail with {@link BrokerException.Closed}.
   */
  @Override
  public void close() {
    Running current;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      current = running;
    }
    long start = config.nanoClock.getAsLong();
    Crew.Ending how = Crew.Ending.ORDERLY;
    if (current != null) {
      current.crew.stop();
    }
    queue.close();
    if (current != null) {
      how = current.crew.end(config.closeTimeout.minus(Builder.SETTLE_TIMEOUT));
      current.worker.abandon();
    }
    queue.rest().forEach(publish -> settlement.fail(publish, new BrokerException.Closed(name)));
    settlement.close(Builder.SETTLE_TIMEOUT);
    ending = how.detail();
    log.debug("{}: {} in {} ns", name, ending, config.nanoClock.getAsLong() - start);
  }

  // ---- Publishing

  /**
   * Hands an event to all nodes. Does not block. Events of one thread keep their order.
   *
   * <p>The stage completes when the event is stored and has its place in the order of all nodes. It
   * fails with {@link BrokerException.Overloaded} if too many events wait, with {@link
   * OutcomeUnknownException} if the connection was lost at a moment that leaves open whether it was
   * stored, and with another {@link BrokerException} if it was not stored. What hangs on it runs on
   * a thread of this backplane and holds up other stages, but no event.
   *
   * @throws IllegalArgumentException if the event has a character that PostgreSQL can't store
   */
  @Override
  public CompletionStage<EventId> publish(Message message) {
    requireNonNull(message, "message");
    if (!(message instanceof Event event)) {
      return CompletableFuture.failedStage(
          new BrokerException("message: " + message + " (expected: an event)"));
    }
    PgText.require(event);
    Publish publish = new Publish(event, new CompletableFuture<>());
    try {
      queue.offer(publish);
    } catch (BrokerException e) {
      return CompletableFuture.failedStage(e);
    }
    return publish.stage().minimalCompletionStage();
  }

  /**
   * Publishes an event with the caller's transaction: every node sees it once that has committed,
   * and if it is rolled back nothing was ever published. Inserts one row and does nothing else: no
   * notification, no lock. Call {@link #wake} after the commit; without it the event waits for the
   * next poll. Works before the start and after the close.
   *
   * @throws SQLException if the row can't be inserted
   * @throws IllegalArgumentException if the event has a character that PostgreSQL can't store
   */
  public void publish(Connection connection, Event event) throws SQLException {
    PgText.require(requireNonNull(event, "event"));
    Outbox.storeWithin(
        requireNonNull(connection, "connection"), SqlName.quoted(config.schema), event);
  }

  /**
   * A transaction with events was committed: they are ordered at once instead of at the next poll.
   * Never blocks; calls that come together cost no more than one.
   */
  public void wake() {
    queue.committed();
  }

  // ---- Making one

  /**
   * Makes a {@link PgBackplane}. Every part but the URL has a default; time and randomness can be
   * given from outside. Not safe for use by several threads.
   */
  public static final class Builder extends SourceBuilder<Builder> {

    /** What a person calls the library. */
    public static final String DEFAULT_NAME = "eventbroker";

    /**
     * How late an event may be if whoever committed it does not call {@link PgBackplane#wake}, or
     * dies before: people don't notice, and four looks a second cost a database nothing.
     */
    public static final Duration DEFAULT_POLL_INTERVAL = Duration.ofMillis(250);

    /** A backlog of a million events is ordered in a few seconds; nothing else takes long. */
    public static final Duration DEFAULT_STATEMENT_TIMEOUT = Duration.ofSeconds(30);

    /** Some minutes at some tens of events a second: longer than browsers take to come back. */
    public static final int DEFAULT_PRELOAD = 10_000;

    /**
     * Some seconds of a busy node: beyond that a publisher should know that it is not keeping up.
     */
    public static final int DEFAULT_MAX_PENDING = 10_000;

    /** Bounds what waits where events are large. */
    private static final long MAX_PENDING_CHARACTERS = 64L << 20;

    /** Another node's run of the sequencer takes milliseconds; the next round tries again. */
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(1);

    /** Of the close timeout, for telling publishers what became of their events. */
    private static final Duration SETTLE_TIMEOUT = Duration.ofMillis(200);

    private String schema = PgSchema.DEFAULT_NAME;
    private Duration pollInterval = DEFAULT_POLL_INTERVAL;
    private Duration statementTimeout = DEFAULT_STATEMENT_TIMEOUT;
    private int preload = DEFAULT_PRELOAD;
    private int maxPending = DEFAULT_MAX_PENDING;

    private Builder(String jdbcUrl) {
      super(jdbcUrl, DEFAULT_NAME);
    }

    /** As it is now, so that the original may be changed and used again. */
    private Builder(Builder other) {
      super(other);
      this.schema = other.schema;
      this.pollInterval = other.pollInterval;
      this.statementTimeout = other.statementTimeout;
      this.preload = other.preload;
      this.maxPending = other.maxPending;
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * The schema that {@link PgSchema} made; 1 to 40 bytes. Nodes that share it share their events.
     * Default: {@value PgSchema#DEFAULT_NAME}.
     */
    public Builder schema(String newSchema) {
      schema = PgSchema.requireName(newSchema);
      return this;
    }

    /** How often is looked for events that nobody told of. Default: 250 ms. */
    public Builder pollInterval(Duration interval) {
      pollInterval = requirePositive("pollInterval", interval);
      return this;
    }

    /** How long one statement may take before it is given up. Default: 30 s. */
    public Builder statementTimeout(Duration timeout) {
      statementTimeout = requirePositive("statementTimeout", timeout);
      return this;
    }

    /**
     * How many of the latest events are brought in at the start, for clients that resume on this
     * node. Default: {@value #DEFAULT_PRELOAD}; 0 for none.
     */
    public Builder preload(int events) {
      if (events < 0) {
        throw new IllegalArgumentException("preload: " + events + " (expected: >= 0)");
      }
      preload = events;
      return this;
    }

    /**
     * How many published events may wait to be stored and placed before more are refused. Default:
     * {@value #DEFAULT_MAX_PENDING}.
     */
    public Builder maxPending(int events) {
      if (events < 1) {
        throw new IllegalArgumentException("maxPending: " + events + " (expected: > 0)");
      }
      maxPending = events;
      return this;
    }

    /**
     * A backplane that is not started; the broker that it is given to starts and closes it.
     *
     * @throws IllegalArgumentException if the URL is not one of PostgreSQL's, or brings a socket
     *     factory of its own
     */
    public PgBackplane build() {
      return new PgBackplane(new Builder(this));
    }
  }
}
