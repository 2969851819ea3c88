package dev.eventbroker.pg;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Backplane;
import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import dev.eventbroker.Message;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.pg.PublishQueue.Publish;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
  private final String name;
  private final OutboxSettings settings;
  private final ConnectionSettings connections;
  private final PublishQueue queue;
  private final Settlement settlement;
  private final String storeOne;
  private final StateSignal signal = new StateSignal();

  // Guarded by this; each changes once.
  private boolean closed;
  private @Nullable OutboxNode running;

  // Written by who closes.
  private volatile String ending = "closing";

  private PgBackplane(Builder config) {
    this.config = config;
    String id = config.newInstance();
    this.name = config.instanceName(id);
    this.settings = config.settings(name, id);
    this.connections = config.connectionSettings();
    this.queue = new PublishQueue(name, config.maxPending, Builder.MAX_PENDING_CHARACTERS);
    this.settlement = new Settlement(name, queue);
    this.storeOne = Outbox.storeOne(config.schema, config.prefix);
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
    OutboxNode mine;
    synchronized (this) {
      if (closed) {
        throw new BrokerException.Closed(name);
      }
      if (running != null) {
        throw new IllegalStateException(name + ": started before (expected: once)");
      }
      mine = new OutboxNode(settings, connections, queue, settlement, inbound, signal);
      running = mine;
    }
    try {
      mine.start();
    } catch (BrokerException e) {
      close();
      throw e;
    }
  }

  /**
   * {@link SourceStatus.State#UP} only while a notification sent to itself has come back lately and
   * the other connection works.
   */
  @Override
  public SourceStatus status() {
    OutboxNode current;
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
   * Waits until it is {@link SourceStatus.State#UP}; whether it is. False at once when closed.
   *
   * @throws InterruptedException if the thread is interrupted while it waits
   */
  public boolean awaitUp(Duration timeout) throws InterruptedException {
    return signal.await(
        () -> status().state() == SourceStatus.State.UP,
        () -> status().state() == SourceStatus.State.CLOSED,
        timeout);
  }

  /**
   * How it is doing in numbers: {@code reconnects}; {@code canary.age.seconds} and {@code
   * canary.roundtrip.seconds}; {@code publish.unsettled}; {@code position}; and as of the last
   * look, once every canary interval (NaN before the first): {@code outbox.unordered} (committed,
   * without a place) and {@code outbox.oldest.seconds}, {@code outbox.retained.events} and {@code
   * outbox.retained.bytes}, {@code notification.queue.usage} (0 to 1). Empty before the start.
   */
  @Override
  public Map<String, Number> gauges() {
    OutboxNode current;
    synchronized (this) {
      current = running;
    }
    return current == null ? Map.of() : current.gauges();
  }

  /**
   * Stores what was published before, as far as the database answers, and ends both connections;
   * within the close timeout in any case, by resetting the sockets where they don't end by
   * themselves. Stages of events that were not stored fail with {@link BrokerException.Closed}.
   */
  @Override
  public void close() {
    OutboxNode current;
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
      current.stop();
    }
    queue.close();
    if (current != null) {
      how = current.end(config.closeTimeout.minus(Builder.SETTLE_TIMEOUT));
    }
    queue.rest().forEach(publish -> settlement.fail(publish, new BrokerException.Closed(name)));
    settlement.close(Builder.SETTLE_TIMEOUT);
    signal.changed();
    ending = how.detail();
    log.debug("{}: {} in {} ns", name, ending, config.nanoClock.getAsLong() - start);
  }

  // ---- Publishing

  /**
   * Hands a message to all nodes. Does not block. Messages of one thread keep their order.
   *
   * <p>The stage completes when the message is stored and has its place in the order of all nodes;
   * with the place of the first, if it is an event whose idempotency key was published before and
   * is still kept. It fails with {@link BrokerException.Overloaded} if too many messages wait, and
   * with another {@link BrokerException} if it was not stored. A connection that is lost while it
   * is being stored is no failure: with the next one is found out whether it was, and if not, it is
   * stored again. Only where that can't be found out (the old backend is frozen, or the backplane
   * is closed before) the stage fails with {@link OutcomeUnknownException}. What hangs on it runs
   * on a thread of this backplane and holds up other stages, but no event.
   *
   * @throws IllegalArgumentException if it has a character that PostgreSQL can't store, or more
   *     data than {@link Builder#maxDataLength}
   */
  @Override
  public CompletionStage<EventId> publish(Message message) {
    Publish publish = new Publish(message, row(message), new CompletableFuture<>());
    try {
      queue.offer(publish);
    } catch (BrokerException e) {
      return CompletableFuture.failedStage(e);
    }
    return publish.stage().minimalCompletionStage();
  }

  /**
   * Publishes a message with the caller's transaction: every node sees it once that has committed,
   * and if it is rolled back nothing was ever published; so a {@link dev.eventbroker.Revocation}
   * takes effect together with the change of rights. Inserts one row and does nothing else: no
   * notification, no lock. Call {@link #wake} after the commit; without it the message waits for
   * the next poll. Works before the start and after the close.
   *
   * @throws SQLException if the row can't be inserted
   * @throws IllegalArgumentException if it has a character that PostgreSQL can't store, or more
   *     data than {@link Builder#maxDataLength}
   */
  public void publish(Connection connection, Message message) throws SQLException {
    requireNonNull(connection, "connection");
    Outbox.storeWithin(connection, storeOne, row(message));
    if (config.notifyInTransaction) {
      Outbox.notifyWithin(connection, settings.committedChannel());
    }
  }

  private MessageRow row(Message message) {
    MessageRow row = MessageRow.of(requireNonNull(message, "message"));
    if (row.data().length() > config.maxDataLength) {
      throw new IllegalArgumentException(
          "data: "
              + row.data().length()
              + " characters (expected: <= "
              + config.maxDataLength
              + ")");
    }
    return row.requireStorable();
  }

  /**
   * A transaction with events was committed: they are ordered at once instead of at the next poll.
   * Never blocks; calls that come together cost no more than one.
   */
  public void wake() {
    queue.committed();
  }

  // ---- Snapshots

  /** Reads the state that a subscription starts from. */
  @FunctionalInterface
  public interface SnapshotQuery {

    /**
     * Reads within the transaction that is open on the connection, which sees one state throughout.
     * Called on the thread that asked.
     *
     * @throws SQLException if it can't be read
     */
    Snapshot read(Connection connection) throws SQLException;
  }

  /**
   * Reads state in one snapshot of the database and joins it to the live stream without overlap and
   * without a gap: of the events that were published with transactions ({@link #publish(Connection,
   * Message)}), the subscription is given exactly those whose transactions the state does not
   * contain, however late they commit. For {@link dev.eventbroker.SnapshotSource#load}, with the
   * timeout that is given there.
   *
   * <p>Takes a REPEATABLE READ transaction of its own on the connection, which must be in
   * autocommit and is left so. Then waits until this node has all events that the state contains.
   *
   * @param connection to the same database, with the right to read the backplane's tables
   * @param timeout how long the events of the state may take to arrive here
   * @throws SQLException if it can't be read
   * @throws BrokerException if the events do not arrive in time, or the backplane was not started
   */
  public Snapshot snapshot(Connection connection, Duration timeout, SnapshotQuery query)
      throws SQLException {
    requireNonNull(query, "query");
    OutboxNode node;
    synchronized (this) {
      node = running;
    }
    if (node == null) {
      throw new BrokerException(name + ": not started (expected: started by its broker)");
    }
    SnapshotJoin.Surroundings surroundings =
        new SnapshotJoin.Surroundings() {
          @Override
          public Snapshot read(Connection within) throws SQLException {
            return query.read(within);
          }

          @Override
          public CompletableFuture<EventId> caughtUp() {
            return node.caughtUp();
          }
        };
    return SnapshotJoin.load(connection, config.schema, config.prefix, timeout, surroundings);
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

    /** A weekend: whoever comes back later starts anew, and is told so. */
    public static final Duration DEFAULT_RETAIN_FOR = Duration.ofDays(3);

    /** Some million events of the usual size, and no surprise to a disk. */
    public static final long DEFAULT_RETAIN_BYTES = 1L << 30;

    /** As a broker's, which refuses longer ones before they get here. */
    public static final int DEFAULT_MAX_DATA_LENGTH = BrokerBuilder.DEFAULT_MAX_DATA_LENGTH;

    private String schema = PgSchema.DEFAULT_NAME;
    private String prefix = PgSchema.DEFAULT_PREFIX;
    private Duration pollInterval = DEFAULT_POLL_INTERVAL;
    private Duration statementTimeout = DEFAULT_STATEMENT_TIMEOUT;
    private Duration retainFor = DEFAULT_RETAIN_FOR;
    private long retainBytes = DEFAULT_RETAIN_BYTES;
    private int preload = DEFAULT_PRELOAD;
    private int maxPending = DEFAULT_MAX_PENDING;
    private int maxDataLength = DEFAULT_MAX_DATA_LENGTH;
    private boolean notifyInTransaction;

    private Builder(String jdbcUrl) {
      super(jdbcUrl, DEFAULT_NAME);
    }

    /** As it is now, so that the original may be changed and used again. */
    private Builder(Builder other) {
      super(other);
      this.schema = other.schema;
      this.prefix = other.prefix;
      this.retainFor = other.retainFor;
      this.retainBytes = other.retainBytes;
      this.maxDataLength = other.maxDataLength;
      this.notifyInTransaction = other.notifyInTransaction;
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

    /**
     * What the names of the tables and functions start with, see {@link PgSchema#apply(Connection,
     * String, String)}. Default: {@value PgSchema#DEFAULT_PREFIX}.
     */
    public Builder prefix(String newPrefix) {
      prefix = PgSchema.requirePrefix(newPrefix);
      return this;
    }

    /**
     * For how long events are kept once they have their place; older ones are removed a few at a
     * time by whichever node gets to it. Who resumes from further back is told a gap, and an
     * idempotency key is forgotten with its event. What has no place yet is never removed. Nodes
     * that share a schema should agree. Default: 3 days.
     */
    public Builder retainFor(Duration age) {
      retainFor = requirePositive("retainFor", age);
      return this;
    }

    /**
     * How many bytes of data are kept; beyond that the oldest events are removed, however young.
     * Default: 1 GiB.
     */
    public Builder retainBytes(long bytes) {
      if (bytes < 1) {
        throw new IllegalArgumentException("retainBytes: " + bytes + " (expected: > 0)");
      }
      retainBytes = bytes;
      return this;
    }

    /** How many characters an event's data may have. Default: as a broker's, 1 Mi. */
    public Builder maxDataLength(int characters) {
      if (characters < 1) {
        throw new IllegalArgumentException("maxDataLength: " + characters + " (expected: > 0)");
      }
      maxDataLength = characters;
      return this;
    }

    /**
     * Whether {@link PgBackplane#publish(Connection, Message)} notifies within the transaction, so
     * that nobody has to call {@link PgBackplane#wake} and no event waits for a poll, even if the
     * process dies right after the commit. It costs every such commit in the whole cluster a wait
     * for the others: PostgreSQL lets only one transaction with notifications commit at a time.
     * Default: {@code false}.
     */
    public Builder notifyInTransaction(boolean notify) {
      notifyInTransaction = notify;
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

    private OutboxSettings settings(String instance, String id) {
      return new OutboxSettings(
          instance,
          id,
          schema,
          prefix,
          lazyStart,
          canaryInterval,
          canaryTimeout,
          pollInterval,
          statementTimeout,
          LOCK_TIMEOUT,
          preload,
          retainFor,
          retainBytes,
          nanoClock,
          random);
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
