package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
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
    Acquisition acquisition =
        transactions.run(
            "acquire",
            connection -> {
              SessionStatements statements = on(connection);
              statements.lockFence(claim.resource());
              Optional<Conflict> held = statements.holder(claim.resource(), terms);
              if (held.isPresent()) {
                return renewed(statements, claim, held.get());
              }
              Session begun = statements.begin(claim);
              store(connection, List.of(begun), events::acquired);
              return new Acquired(begun, true);
            });
    if (acquisition instanceof Acquired acquired && acquired.begun()) {
      committed(List.of(acquired.session()));
    }
    return acquisition;
  }

  private static Acquisition renewed(SessionStatements statements, Claim claim, Conflict held)
      throws SQLException {
    if (!held.holder().owner().equals(claim.owner())) {
      return held;
    }
    statements.touch(held.holder());
    return new Acquired(held.holder(), false);
  }

  @Override
  public Optional<Session> release(UUID session, SessionEvents events) {
    return ending("release", ReleaseReason.RELEASED, events, on -> on.release(session)).stream()
        .findFirst();
  }

  @Override
  public List<Session> releaseOwner(String owner, SessionEvents events) {
    return ending("release an owner", ReleaseReason.RELEASED, events, on -> on.releaseOwner(owner));
  }

  @Override
  public void touch(String node, Set<String> owners, LeaseTerms terms) {
    transactions.run(
        "touch",
        connection -> {
          SessionStatements statements = on(connection);
          if (!owners.isEmpty()) {
            statements.touch(node, owners, terms);
          }
          statements.pulse(terms);
          return true;
        });
  }

  @Override
  public List<Session> detach(
      String node, Set<String> owners, LeaseTerms terms, SessionEvents events) {
    return ending(
        "detach",
        ReleaseReason.DISCONNECTED,
        events,
        on -> {
          List<UUID> locked = on.lockSessions(owners);
          on.forget(node, owners);
          return on.detach(locked, terms);
        });
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
  public List<Session> sweep(LeaseTerms terms, int atMost, SessionEvents events) {
    return ending(
        "sweep",
        ReleaseReason.EXPIRED,
        events,
        on -> {
          on.sweepPresence(terms, atMost);
          return on.sweep(terms, atMost);
        });
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
  public long held() {
    return transactions.run("count", connection -> on(connection).held());
  }

  /** What ends sessions and returns them. */
  private interface Ending {
    List<Session> run(SessionStatements on) throws SQLException;
  }

  private List<Session> ending(
      String what, ReleaseReason reason, SessionEvents events, Ending ending) {
    List<Session> ended =
        transactions.run(
            what,
            connection -> {
              List<Session> deleted = ending.run(on(connection));
              store(connection, deleted, session -> events.released(session, reason));
              return deleted;
            });
    committed(ended);
    return ended;
  }

  private SessionStatements on(Connection connection) {
    return new SessionStatements(connection, schema);
  }

  private void store(Connection connection, List<Session> changed, Function<Session, Event> event)
      throws SQLException {
    if (outbox.isPresent()) {
      for (Session session : changed) {
        outbox.get().publish(connection, event.apply(session));
      }
    }
  }

  private void committed(List<Session> changed) {
    if (changed.isEmpty() || outbox.isEmpty()) {
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
    private SessionSchema schema = new SessionSchema(DEFAULT_SCHEMA);
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
      schema = new SessionSchema(name);
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
