package dev.eventbroker.benchmarks.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.eventbroker.Event;
import dev.eventbroker.benchmarks.report.Run;
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
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a heartbeat and a sweep cost the database, and how that grows with the sessions: ten nodes,
 * each with a tenth of the owners.
 *
 * <p>A tick is the touch of one node with all its owners; a sweep is one that finds nothing to
 * release, as nearly all are; a release is of 500 that have expired, in one transaction. Medians of
 * several.
 */
final class SessionCost {

  private static final int NODES = 10;
  private static final int WARM_UP = 5;
  private static final int TICKS = 15;
  private static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofMinutes(15), Duration.ofMinutes(1));

  private final EmbeddedPostgres postgres;
  private final JdbcSessionStore store;

  private SessionCost(EmbeddedPostgres postgres, JdbcSessionStore store) {
    this.postgres = postgres;
    this.store = store;
  }

  /** With each number of sessions in turn, on a server with default settings of its own. */
  static void measure(Run run, List<Integer> sessions) throws IOException, SQLException {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
        HikariDataSource pool = new HikariDataSource()) {
      pool.setJdbcUrl(postgres.getJdbcUrl("postgres", "postgres"));
      pool.setMaximumPoolSize(4);
      JdbcSessionStore store = JdbcSessionStore.builder(pool).build();
      store.migrate();
      SessionCost cost = new SessionCost(postgres, store);
      for (int round = 1; round <= run.rounds(); round++) {
        for (int count : sessions) {
          run.measured(
              "sessions/cost",
              "eventbroker",
              round,
              Map.of("sessions", (long) count),
              cost.figures(count));
        }
      }
    }
  }

  private Map<String, Double> figures(int sessions) throws SQLException {
    fill(sessions);
    Set<String> owners = new HashSet<>();
    for (int i = 0; i < sessions; i += NODES) {
      owners.add("ws-" + i);
    }
    long[] ticks = new long[TICKS];
    long[] sweeps = new long[TICKS];
    long wal = 0;
    for (int i = -WARM_UP; i < TICKS; i++) {
      long before = walBytes();
      long tick = nanos(() -> store.touch("node-0", owners, 0, TERMS, NoEvents.NONE));
      long sweep = nanos(() -> store.sweep(TERMS, 500, NoEvents.NONE));
      if (i >= 0) {
        ticks[i] = tick;
        sweeps[i] = sweep;
        wal += walBytes() - before;
      }
    }
    Arrays.sort(ticks);
    Arrays.sort(sweeps);
    return Map.of(
        "tickMillis", ticks[TICKS / 2] / 1e6,
        "sweepMillis", sweeps[TICKS / 2] / 1e6,
        "release500Millis", expire500() / 1e6,
        "walKibPerTickAndSweep", wal / 1024.0 / TICKS);
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
