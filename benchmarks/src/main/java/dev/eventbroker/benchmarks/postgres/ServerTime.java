package dev.eventbroker.benchmarks.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;

/**
 * The processor time that a server and this process have taken so far, of processes that live on:
 * compare two readings with the same connections open.
 *
 * @param writers of the backends of connections by {@link BenchmarkDatabase#connectWriter}
 * @param others of all other processes of the server
 * @param client of this process
 */
record ServerTime(Duration writers, Duration others, Duration client) {

  static ServerTime read(BenchmarkDatabase database) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select pid, pid = pg_backend_pid(), application_name = '"
                    + BenchmarkDatabase.WRITER
                    + "' from pg_stat_activity where backend_type = 'client backend'")) {
      Duration writers = Duration.ZERO;
      long own = 0;
      while (rows.next()) {
        if (rows.getBoolean(2)) {
          own = rows.getLong(1);
        } else if (rows.getBoolean(3)) {
          writers = writers.plus(of(process(rows.getLong(1))));
        }
      }
      ProcessHandle postmaster = process(own).parent().orElseThrow();
      List<ProcessHandle> children = postmaster.children().toList();
      long asking = own;
      Duration all =
          children.stream()
              .filter(child -> child.pid() != asking)
              .map(ServerTime::of)
              .reduce(Duration.ZERO, Duration::plus);
      return new ServerTime(writers, all.minus(writers), of(ProcessHandle.current()));
    }
  }

  /** What was taken since another reading. */
  ServerTime since(ServerTime before) {
    return new ServerTime(
        writers.minus(before.writers), others.minus(before.others), client.minus(before.client));
  }

  private static ProcessHandle process(long pid) {
    return ProcessHandle.of(pid).orElseThrow();
  }

  private static Duration of(ProcessHandle process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }
}
