package dev.eventbroker.sessions;

import dev.eventbroker.Topic;
import dev.eventbroker.sessions.Acquisition.Conflict;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** The statements of {@link SessionSql} on one connection, in a transaction of the caller's. */
final class SessionStatements {

  /** A touch of 10 000 owners takes some 50 ms: what takes longer than this is stuck. */
  private static final int TIMEOUT_SECONDS = 10;

  private final Connection connection;
  private final SessionSchema schema;

  SessionStatements(Connection connection, SessionSchema schema) {
    this.connection = connection;
    this.schema = schema;
  }

  /** From here to the end of the transaction nobody else begins a session of the resource. */
  void lockFence(String resource) throws SQLException {
    if (!isFenceLocked(resource)) {
      try (PreparedStatement add = prepare(SessionSql.ADD_FENCE)) {
        add.setString(1, resource);
        add.executeUpdate();
      }
      isFenceLocked(resource);
    }
  }

  private boolean isFenceLocked(String resource) throws SQLException {
    try (PreparedStatement lock = prepare(SessionSql.LOCK_FENCE)) {
      lock.setString(1, resource);
      try (ResultSet row = lock.executeQuery()) {
        return row.next();
      }
    }
  }

  /** Who holds the resource, as anybody else is told of it. */
  Optional<Conflict> holder(String resource, LeaseTerms terms) throws SQLException {
    try (PreparedStatement query = prepare(SessionSql.LOCK_HOLDER)) {
      query.setDouble(1, seconds(terms.timeout()));
      query.setString(2, resource);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        long remainingMillis = (long) (row.getDouble("remaining") * 1000);
        return Optional.of(
            new Conflict(session(row), Duration.ofMillis(Math.max(0, remainingMillis))));
      }
    }
  }

  void touch(Session session) throws SQLException {
    try (PreparedStatement touch = prepare(SessionSql.TOUCH_ONE)) {
      touch.setObject(1, session.id());
      touch.executeUpdate();
    }
  }

  /** Nobody holds the resource, and its fence is locked. */
  Session begin(Claim claim) throws SQLException {
    try (PreparedStatement insert = prepare(SessionSql.BEGIN)) {
      insert.setString(1, claim.resource());
      insert.setObject(2, UUID.randomUUID());
      insert.setString(3, claim.resource());
      insert.setString(4, claim.topic().toString());
      insert.setString(5, claim.owner());
      insert.setString(6, claim.user());
      return sessions(insert).get(0);
    }
  }

  List<Session> release(UUID session) throws SQLException {
    try (PreparedStatement delete = prepare(SessionSql.RELEASE)) {
      delete.setObject(1, session);
      return sessions(delete);
    }
  }

  List<Session> releaseOwner(String owner) throws SQLException {
    try (PreparedStatement delete = prepare(SessionSql.RELEASE_OWNER)) {
      delete.setString(1, owner);
      return sessions(delete);
    }
  }

  void touch(String node, Set<String> owners, LeaseTerms terms) throws SQLException {
    try (PreparedStatement touch = prepare(SessionSql.TOUCH)) {
      setNames(touch, 1, owners);
      touch.setString(2, node);
      touch.setDouble(3, seconds(terms.timeout()));
      setNames(touch, 4, owners);
      touch.executeUpdate();
    }
  }

  void pulse(LeaseTerms terms) throws SQLException {
    try (PreparedStatement pulse = prepare(SessionSql.PULSE)) {
      pulse.setDouble(1, seconds(terms.timeout()));
      pulse.setDouble(2, seconds(terms.outage()));
      pulse.setDouble(3, seconds(terms.timeout()));
      pulse.executeUpdate();
    }
  }

  List<UUID> lockSessions(Set<String> owners) throws SQLException {
    try (PreparedStatement lock = prepare(SessionSql.LOCK_OWNERS)) {
      setNames(lock, 1, owners);
      List<UUID> ids = new ArrayList<>();
      try (ResultSet rows = lock.executeQuery()) {
        while (rows.next()) {
          ids.add(rows.getObject(1, UUID.class));
        }
      }
      return ids;
    }
  }

  void forget(String node, Set<String> owners) throws SQLException {
    try (PreparedStatement delete = prepare(SessionSql.FORGET)) {
      delete.setString(1, node);
      setNames(delete, 2, owners);
      delete.executeUpdate();
    }
  }

  /** Of sessions that are locked, those whose owner no node has. */
  List<Session> detach(List<UUID> locked, LeaseTerms terms) throws SQLException {
    try (PreparedStatement delete = prepare(SessionSql.DETACH)) {
      delete.setArray(1, connection.createArrayOf("uuid", locked.toArray()));
      delete.setDouble(2, seconds(terms.timeout()));
      delete.setDouble(3, seconds(terms.outage()));
      return sessions(delete);
    }
  }

  List<Session> sweep(LeaseTerms terms, int atMost) throws SQLException {
    try (PreparedStatement delete = prepareSweep(SessionSql.SWEEP, terms, atMost)) {
      return sessions(delete);
    }
  }

  void sweepPresence(LeaseTerms terms, int atMost) throws SQLException {
    try (PreparedStatement delete = prepareSweep(SessionSql.SWEEP_PRESENCE, terms, atMost)) {
      delete.executeUpdate();
    }
  }

  private PreparedStatement prepareSweep(String sql, LeaseTerms terms, int atMost)
      throws SQLException {
    PreparedStatement sweep = prepare(sql);
    sweep.setDouble(1, seconds(terms.outage()));
    sweep.setDouble(2, seconds(terms.timeout()));
    sweep.setInt(3, atMost);
    return sweep;
  }

  Optional<Session> find(UUID session) throws SQLException {
    try (PreparedStatement query = prepare(SessionSql.FIND)) {
      query.setObject(1, session);
      return sessions(query).stream().findFirst();
    }
  }

  Optional<Session> holder(String resource) throws SQLException {
    try (PreparedStatement query = prepare(SessionSql.HOLDER)) {
      query.setString(1, resource);
      return sessions(query).stream().findFirst();
    }
  }

  long held() throws SQLException {
    try (PreparedStatement query = prepare(SessionSql.HELD);
        ResultSet count = query.executeQuery()) {
      count.next();
      return count.getLong(1);
    }
  }

  private PreparedStatement prepare(String sql) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(schema.in(sql));
    statement.setQueryTimeout(TIMEOUT_SECONDS);
    return statement;
  }

  private void setNames(PreparedStatement statement, int index, Set<String> names)
      throws SQLException {
    statement.setArray(index, connection.createArrayOf("text", names.toArray()));
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }

  private static List<Session> sessions(PreparedStatement statement) throws SQLException {
    List<Session> sessions = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        sessions.add(session(rows));
      }
    }
    return List.copyOf(sessions);
  }

  private static Session session(ResultSet row) throws SQLException {
    return new Session(
        row.getObject("id", UUID.class),
        row.getString("resource"),
        row.getString("owner"),
        row.getString("user_name"),
        row.getLong("fence"),
        row.getObject("acquired_at", OffsetDateTime.class).toInstant(),
        Topic.of(row.getString("topic")));
  }
}
