package dev.eventbroker.benchmarks.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.eventbroker.Event;
import dev.eventbroker.sessions.JdbcSessionStore;
import dev.eventbroker.sessions.LeaseTerms;
import dev.eventbroker.sessions.ReleaseReason;
import dev.eventbroker.sessions.Session;
import dev.eventbroker.sessions.SessionEvents;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * What a heartbeat and a sweep cost the database, and how that grows from 1 000 sessions to 100
 * 000: ten nodes, each with a tenth of the owners, on an embedded Postgres with default settings.
 *
 * <pre>
 * java -cp benchmarks/target/benchmarks.jar dev.eventbroker.benchmarks.postgres.SessionCost
 * </pre>
 *
 * <p>A tick is the touch of one node with all its owners; a sweep is one that finds nothing to
 * release, as nearly all are; the last column releases 500 that have expired, in one transaction.
 * Medians, and the slowest of the rounds.
 */
public final class SessionCost {

  private static final int NODES = 10;
  private static final int WARMUP = 5;
  private static final int ROUNDS = 15;
  private static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofMinutes(15), Duration.ofMinutes(1));

  private final EmbeddedPostgres postgres;
  private final JdbcSessionStore store;

  private SessionCost(EmbeddedPostgres postgres, JdbcSessionStore store) {
    this.postgres = postgres;
    this.store = store;
  }

  /** Measures 1 000, 10 000 and 100 000. */
  public static void main(String[] arguments) throws IOException, SQLException {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
        HikariDataSource pool = new HikariDataSource()) {
      pool.setJdbcUrl(postgres.getJdbcUrl("postgres", "postgres"));
      pool.setMaximumPoolSize(4);
      JdbcSessionStore store = JdbcSessionStore.builder(pool).build();
      store.migrate();
      SessionCost cost = new SessionCost(postgres, store);
      System.out.printf(
          "%10s %14s %14s %14s %14s %14s %14s%n",
          "sessions", "tick ms", "slowest", "sweep ms", "slowest", "500 gone ms", "WAL/tick KiB");
      for (int sessions : new int[] {1_000, 10_000, 100_000}) {
        cost.measure(sessions);
      }
    }
  }

  private void measure(int sessions) throws SQLException {
    fill(sessions);
    Set<String> owners = new HashSet<>();
    for (int i = 0; i < sessions; i += NODES) {
      owners.add("ws-" + i);
    }
    long[] ticks = new long[ROUNDS];
    long[] sweeps = new long[ROUNDS];
    long wal = 0;
    for (int round = -WARMUP; round < ROUNDS; round++) {
      long before = walBytes();
      long tick = nanos(() -> store.touch("node-0", owners, 0, TERMS, NoEvents.NONE));
      long sweep = nanos(() -> store.sweep(TERMS, 500, NoEvents.NONE));
      if (round >= 0) {
        ticks[round] = tick;
        sweeps[round] = sweep;
        wal += walBytes() - before;
      }
    }
    long gone = expire500();
    Arrays.sort(ticks);
    Arrays.sort(sweeps);
    System.out.printf(
        "%10d %14.1f %14.1f %14.1f %14.1f %14.1f %14d%n",
        sessions,
        millis(ticks[ROUNDS / 2]),
        millis(ticks[ROUNDS - 1]),
        millis(sweeps[ROUNDS / 2]),
        millis(sweeps[ROUNDS - 1]),
        millis(gone),
        wal / ROUNDS / 1024);
  }

  private void fill(int sessions) throws SQLException {
    execute("truncate eb_session, eb_presence, eb_pulse, eb_lost");
    execute(
        "insert into eb_session"
            + " (id, resource, topic, owner, user_name, fence, shared, acquired_at, touched_at)"
            + " select gen_random_uuid(), 'board/' || i, 'board/' || i, 'ws-' || i, 'ann', 1, false,"
            + " clock_timestamp(), clock_timestamp() from generate_series(0, "
            + (sessions - 1)
            + ") i");
    execute("insert into eb_pulse values (1, clock_timestamp(), '-infinity', null)");
    execute("vacuum analyze eb_session");
  }

  private long expire500() throws SQLException {
    execute(
        "update eb_session set touched_at = touched_at - interval '1 hour'"
            + " where id in (select id from eb_session limit 500)");
    execute("update eb_pulse set mass_since = '-infinity'");
    return nanos(() -> store.sweep(TERMS, 500, NoEvents.NONE));
  }

  private long walBytes() throws SQLException {
    try (Connection connection = postgres.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")) {
      row.next();
      return row.getLong(1);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = postgres.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static long nanos(Runnable work) {
    long begin = System.nanoTime();
    work.run();
    return System.nanoTime() - begin;
  }

  private static double millis(long nanos) {
    return nanos / 1e6;
  }

  /** There is no outbox, so nobody asks. */
  private enum NoEvents implements SessionEvents {
    NONE;

    @Override
    public Event acquired(Session session) {
      throw new AssertionError(session);
    }

    @Override
    public Event released(Session session, ReleaseReason reason) {
      throw new AssertionError(session);
    }

    @Override
    public Event lost(Session session, ReleaseReason reason) {
      throw new AssertionError(session);
    }
  }
}
