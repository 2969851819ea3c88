package dev.eventbroker.sessions;

import dev.eventbroker.Event;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Writes events into a table, as a real one does, and fails when it is told to. */
final class TableOutbox implements EventOutbox {

  private final TestDatabase database;
  private final AtomicInteger commits = new AtomicInteger();
  private volatile String refused = "nothing";
  private volatile boolean throwing;
  private volatile boolean recording;
  private volatile String isolation = "unknown";

  TableOutbox(TestDatabase database) {
    this.database = database;
  }

  void createTable() {
    database.execute(
        "create table {s}.outbox (seq bigint generated always as identity, topic text, type text,"
            + " data jsonb)");
  }

  void refuse(String typeEnding) {
    refused = typeEnding;
  }

  void throwAfterCommits() {
    throwing = true;
  }

  void recordIsolation() {
    recording = true;
  }

  String isolation() {
    return isolation;
  }

  int commits() {
    return commits.get();
  }

  static void write(Connection connection, String schema, Event event) throws SQLException {
    String insert = "insert into " + schema + ".outbox (topic, type, data) values (?, ?, ?::jsonb)";
    try (PreparedStatement statement = connection.prepareStatement(insert)) {
      statement.setString(1, event.topic().toString());
      statement.setString(2, event.type());
      statement.setString(3, event.data());
      statement.executeUpdate();
    }
  }

  @Override
  public void publish(Connection connection, Event event) throws SQLException {
    write(connection, database.schema(), event);
    if (recording) {
      try (Statement show = connection.createStatement();
          ResultSet row = show.executeQuery("show transaction_isolation")) {
        row.next();
        isolation = row.getString(1);
      }
    }
    if (event.type().endsWith(refused)) {
      throw new SQLException("refused");
    }
  }

  @Override
  public void committed() {
    commits.incrementAndGet();
    if (throwing) {
      throw new IllegalStateException("thrown on purpose");
    }
  }

  /** Type, fence and reason of each event that was committed. */
  List<String> stored() {
    String query =
        "select concat_ws(' ', type, data->>'fence', data->>'reason') from "
            + database.schema()
            + ".outbox order by seq";
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      List<String> events = new ArrayList<>();
      while (rows.next()) {
        events.add(rows.getString(1));
      }
      return events;
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
