package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import dev.eventbroker.sessions.SessionStatements.Standing;
import dev.eventbroker.sessions.Touched.Lost;
import dev.eventbroker.sessions.Transactions.Work;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sessions in Postgres, shared by all nodes that use the same schema. Every method is one
 * transaction, on a connection of the data source; the only clock is the database's.
 *
 * <p>With an {@link EventOutbox} the event of a change is written in the transaction of the change.
 * Without one events are published after the commit: a node that dies between the two has released
 * a session in silence, and events of changes that follow at once may swap places (the fence
 * tells).
 *
 * <p>How long a statement may wait for the network is the data source's to say (pgjdbc: {@code
 * socketTimeout}); for everything else each has 10 s.
 */
public final class JdbcSessionStore implements SessionStore {

  /** Where Postgres puts tables when nobody says otherwise; all of ours start with {@code eb_}. */
  public static final String DEFAULT_SCHEMA = "public";

  /** No statement that is given these asks for them. */
  private static final LeaseTerms TIMELESS = new LeaseTerms(LeaseTerms.MAX, LeaseTerms.MAX);

  private static final Logger log = LoggerFactory.getLogger(JdbcSessionStore.class);

  private final Transactions transactions;
  private final SessionSchema schema;
  private final Optional<EventOutbox> outbox;

  private JdbcSessionStore(Builder builder) {
    transactions = new Transactions(builder.dataSource);
    schema = builder.schema;
    outbox = builder.outbox;
  }

  /** Starts a store on the primary of that data source. */
  public static Builder builder(DataSource dataSource) {
    return new Builder(requireNonNull(dataSource, "dataSource"));
  }

  /**
   * Makes the schema and the tables, or brings them up to date; does nothing where nothing is
   * missing. Blocks. Nodes may do this at the same time. Whoever applies SQL otherwise finds the
   * files in this jar, at {@code dev/eventbroker/sessions/sql}.
   *
   * @throws BrokerException if the database refuses; nothing was applied then
   */
  public void migrate() {
    transactions.run(
        "migrate",
        connection -> {
          schema.migrate(connection);
          return true;
        });
  }

  /** With an outbox. */
  @Override
  public boolean storesEvents() {
    return outbox.isPresent();
  }

  @Override
  public Acquisition acquire(Claim claim, LeaseTerms terms, SessionEvents events) {
    return acquiring("acquire", claim, terms, events, OptionalLong.empty());
  }

  @Override
  public Acquisition takeOver(Claim claim, long fence, LeaseTerms terms, SessionEvents events) {
    return acquiring("take over", claim, terms, events, OptionalLong.of(fence));
  }

  private Acquisition acquiring(
      String what, Claim claim, LeaseTerms terms, SessionEvents events, OptionalLong from) {
    Acquisition acquisition =
        transactions.run(
            what,
            connection -> {
              SessionStatements statements = on(connection, terms);
              statements.lockFence(claim.resource());
              Optional<Conflict> held =
                  from.isPresent()
                      ? statements.inTheWayOfTakeOver(claim)
                      : statements.inTheWay(claim);
              if (held.isPresent() && isOwn(held.get(), claim)) {
                return Acquired.still(held.get().holder());
              }
              if (held.isPresent() && !from.equals(OptionalLong.of(held.get().holder().fence()))) {
                return held.get();
              }
              Optional<Session> former = held.map(Conflict::holder);
              if (former.isPresent()) {
                statements.release(former.get().id());
                ended(connection, former.get(), ReleaseReason.TAKEN_OVER, events);
              }
              Session begun = statements.begin(claim);
              store(connection, () -> events.acquired(begun));
              return new Acquired(begun, true, former);
            });
    if (acquisition instanceof Acquired acquired && acquired.begun()) {
      committed();
    }
    return acquisition;
  }

  private static boolean isOwn(Conflict held, Claim claim) {
    return held.holder().owner().equals(claim.owner());
  }

  @Override
  public Optional<Session> release(UUID session, ReleaseReason reason, SessionEvents events) {
    return ending("release", reason, events, connection -> on(connection).release(session)).stream()
        .findFirst();
  }

  @Override
  public List<Session> releaseOwner(String owner, SessionEvents events) {
    return ending(
        "release an owner",
        ReleaseReason.RELEASED,
        events,
        connection -> on(connection).releaseOwner(owner));
  }

  @Override
  public Touched touch(
      String node, Set<String> owners, long roll, LeaseTerms terms, SessionEvents events) {
    Touched touched =
        transactions.run(
            "touch",
            connection -> {
              Touched result = on(connection, terms).touch(node, owners, roll);
              for (Lost lost : result.lost()) {
                store(connection, () -> events.lost(lost.session(), lost.reason()));
              }
              return result;
            });
    if (!touched.lost().isEmpty()) {
      committed();
    }
    return touched;
  }

  @Override
  public void detach(String node, Set<String> owners, LeaseTerms terms) {
    transactions.run(
        "detach",
        connection -> {
          on(connection, terms).markLeft(node, owners);
          return true;
        });
  }

  @Override
  public long openRoll() {
    return transactions.run("call the roll", connection -> on(connection).openRoll());
  }

  @Override
  public List<Session> settle(LeaseTerms terms, int atMost, SessionEvents events) {
    return ending(
        "settle",
        ReleaseReason.DISCONNECTED,
        events,
        connection -> on(connection, terms).settle(atMost));
  }

  @Override
  public void forget(String node, Set<String> owners) {
    transactions.run(
        "forget",
        connection -> {
          on(connection).forget(node, owners);
          return true;
        });
  }

  @Override
  public void leave(String node) {
    transactions.run(
        "leave",
        connection -> {
          on(connection).leave(node);
          return true;
        });
  }

  @Override
  public Swept sweep(LeaseTerms terms, int atMost, SessionEvents events) {
    Swept swept =
        transactions.run(
            "sweep",
            connection -> {
              Swept result = swept(on(connection, terms), atMost);
              for (Session session : result.expired()) {
                ended(connection, session, ReleaseReason.EXPIRED, events);
              }
              return result;
            });
    if (!swept.expired().isEmpty()) {
      committed();
    }
    return swept;
  }

  private static Swept swept(SessionStatements on, int atMost) throws SQLException {
    Standing standing = on.standing();
    boolean mass =
        standing.mayExpire() && MassExpiry.isSuspicious(standing.expired(), standing.held());
    if (mass != standing.suspicious()) {
      on.suspect(mass);
    }
    if (standing.ahead()) {
      on.notAhead();
    }
    if (!standing.mayExpire()) {
      return Swept.nothing(standing.held());
    }
    on.tidy(atMost);
    if (mass && !standing.suspiciousForLong()) {
      return new Swept(List.of(), standing.expired(), standing.held());
    }
    return new Swept(on.sweep(atMost), 0, standing.held());
  }

  @Override
  public Optional<Session> find(UUID session) {
    return transactions.run("find", connection -> on(connection).find(session));
  }

  @Override
  public Optional<Session> holder(String resource) {
    return transactions.run("find a holder", connection -> on(connection).holder(resource));
  }

  @Override
  public List<Session> list(SessionQuery query) {
    return transactions.run("list", connection -> on(connection).list(query));
  }

  @Override
  public long count() {
    return transactions.run("count", connection -> on(connection).count());
  }

  /**
   * Within a transaction of the application's own: a condition for the {@code where} of a write
   * that only the present holder of a resource may make. Its two parameters are the resource and
   * the fence of the session that the writer believes to hold. It is
   *
   * <pre>{@code
   * exists (select from "public".eb_session
   *         where resource = ? and fence = ? and not shared for key share)
   * }</pre>
   *
   * with the schema of this store. No row is written if the session has ended. If it has not, it
   * can't end before the transaction does, so nobody else holds the resource when the write becomes
   * visible; heartbeats go on meanwhile, and a sweep passes the session by. Keep such transactions
   * short: who wants to release or take over waits for them.
   */
  public String condition() {
    return schema.in(SessionSql.CONDITION);
  }

  private List<Session> ending(
      String what, ReleaseReason reason, SessionEvents events, Work<List<Session>> ending) {
    List<Session> ended =
        transactions.run(
            what,
            connection -> {
              List<Session> deleted = ending.run(connection);
              for (Session session : deleted) {
                ended(connection, session, reason, events);
              }
              return deleted;
            });
    if (!ended.isEmpty()) {
      committed();
    }
    return ended;
  }

  private void ended(
      Connection connection, Session session, ReleaseReason reason, SessionEvents events)
      throws SQLException {
    store(connection, () -> events.released(session, reason));
    if (reason.endsUnderTheOwner()) {
      store(connection, () -> events.lost(session, reason));
    }
  }

  /** For what no time limits. */
  private SessionStatements on(Connection connection) {
    return on(connection, TIMELESS);
  }

  private SessionStatements on(Connection connection, LeaseTerms terms) {
    return new SessionStatements(connection, schema, terms);
  }

  private void store(Connection connection, Supplier<Event> event) throws SQLException {
    if (outbox.isPresent()) {
      outbox.get().publish(connection, event.get());
    }
  }

  private void committed() {
    if (outbox.isEmpty()) {
      return;
    }
    try {
      outbox.get().committed();
    } catch (RuntimeException e) {
      log.warn("the outbox threw after a commit: {}", outbox.get(), e);
    }
  }

  /** Collects the parts of a store. Not safe for use by several threads. */
  public static final class Builder {

    private final DataSource dataSource;
    private String clock = SessionSql.DATABASE_CLOCK;
    private SessionSchema schema = new SessionSchema(DEFAULT_SCHEMA, clock);
    private Optional<EventOutbox> outbox = Optional.empty();

    private Builder(DataSource dataSource) {
      this.dataSource = dataSource;
    }

    /**
     * Where the tables live. Default: {@link #DEFAULT_SCHEMA}.
     *
     * @throws IllegalArgumentException if no schema of Postgres can have that name
     */
    public Builder schema(String name) {
      schema = new SessionSchema(name, clock);
      return this;
    }

    /** For tests that turn the clock: what stands for the time in every statement. */
    Builder clock(String expression) {
      clock = expression;
      schema = schema.timedBy(expression);
      return this;
    }

    /**
     * Takes the events in the transaction of the change; must be of the same database. Default:
     * none.
     */
    public Builder outbox(EventOutbox newOutbox) {
      outbox = Optional.of(newOutbox);
      return this;
    }

    /** The store. Does not touch the database; see {@link JdbcSessionStore#migrate}. */
    public JdbcSessionStore build() {
      return new JdbcSessionStore(this);
    }
  }
}
