package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.testing.LogLines;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * The same simulation over Postgres: the same statements, in which the clock alone is another
 * expression. The events in the outbox have to tell the whole story, and nothing else. {@code
 * -Dsimulation.seed=N} runs one seed, {@code -Dsimulation.jdbcSeeds=N} so many.
 */
class JdbcSessionSimulationTest {

  private static final int STEPS = 100;
  private static final int SEEDS = 10;
  private static final String CLOCK = "current_setting('simulation.now')::timestamptz";

  private static final String STORY =
      """
      select concat_ws(' ', data->>'session', case
          when type in ('edit.session_acquired', 'edit.presence_joined') then 'acquired'
          when type in ('edit.session_released', 'edit.presence_left') then 'released'
          when type in ('edit.session_lost', 'edit.presence_lost') then 'lost'
          else type end, data->>'reason')
      from {s}.outbox""";

  @Test
  void whateverHappensLocksTellTheTruth() throws SQLException {
    Long only = Long.getLong("simulation.seed");
    long[] seeds =
        only == null
            ? LongStream.range(0, Integer.getInteger("simulation.jdbcSeeds", SEEDS)).toArray()
            : new long[] {only};
    try (LogLines lines = new LogLines("dev.eventbroker.sessions")) {
      for (long seed : seeds) {
        run(seed);
      }
      assertThat(lines.at(ch.qos.logback.classic.Level.ERROR)).isEmpty();
    }
  }

  private static void run(long seed) throws SQLException {
    TestDatabase database = new TestDatabase();
    try (Connection connection = database.newConnection()) {
      TableOutbox outbox = new TableOutbox(database);
      List<String> story =
          SessionSimulation.run(seed, STEPS, clock -> store(database, connection, outbox, clock));

      assertThat(toldBy(connection, database)).as("seed %s", seed).isEqualTo(story);
    }
    database.execute("drop schema {s} cascade");
  }

  private static SessionStore store(
      TestDatabase database, Connection connection, TableOutbox outbox, InstantSource clock) {
    JdbcSessionStore store =
        JdbcSessionStore.builder(TestPool.giving(() -> at(connection, clock)))
            .schema(database.schema())
            .clock(CLOCK)
            .outbox(outbox)
            .build();
    store.migrate();
    outbox.createTable();
    return store;
  }

  /** Whoever gets a connection finds the time on it. */
  private static Connection at(Connection connection, InstantSource clock) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("set simulation.now = '" + clock.instant() + "'");
    }
    return TestPool.withoutClose(connection, () -> {});
  }

  private static List<String> toldBy(Connection connection, TestDatabase database)
      throws SQLException {
    List<String> told = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(STORY.replace("{s}", database.schema()))) {
      while (rows.next()) {
        told.add(rows.getString(1));
      }
    }
    return told.stream().sorted().toList();
  }
}
