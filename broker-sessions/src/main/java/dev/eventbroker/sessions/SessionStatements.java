package dev.eventbroker.sessions;

import dev.eventbroker.Topic;
import dev.eventbroker.sessions.Acquisition.Conflict;
import dev.eventbroker.sessions.Touched.Lost;
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

  /** As many as there are rows in eb_fence. */
  private static final int FENCE_BUCKETS = 1024;

  private final Connection connection;
  private final SessionSchema schema;
  private final LeaseTerms terms;

  SessionStatements(Connection connection, SessionSchema schema, LeaseTerms terms) {
    this.connection = connection;
    this.schema = schema;
    this.terms = terms;
  }

  /** What is known before a sweep. */
  record Standing(
      long held,
      long expired,
      boolean ahead,
      boolean mayExpire,
      boolean suspicious,
      boolean suspiciousForLong) {}

  /** From here to the end of the transaction nobody else begins a session of the resource. */
  void lockFence(String resource) throws SQLException {
    try (PreparedStatement lock = prepare(SessionSql.LOCK_FENCE)) {
      lock.setInt(1, bucket(resource));
      lock.executeQuery().close();
    }
  }

  /** The same wherever and whenever it is asked: how a string hashes is fixed by its contract. */
  private static int bucket(String resource) {
    return Math.floorMod(resource.hashCode(), FENCE_BUCKETS);
  }

  /** Whose session is in the way of the claim, or is already what it asks for. */
  Optional<Conflict> inTheWay(Claim claim) throws SQLException {
    return inTheWay(claim, SessionSql.HOLDER_FOR_ACQUIRE);
  }

  /** The same, to be ended now. */
  Optional<Conflict> inTheWayOfTakeOver(Claim claim) throws SQLException {
    return inTheWay(claim, SessionSql.HOLDER_FOR_TAKE_OVER);
  }

  private Optional<Conflict> inTheWay(Claim claim, String sql) throws SQLException {
    try (PreparedStatement query = prepare(sql)) {
      Parameters parameters = new Parameters(query).add(terms.timeout());
      parameters.add(claim.resource()).add(claim.mode() == Mode.SHARED).add(claim.owner());
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

  /** Nobody is in the way, and the fence is locked. */
  Session begin(Claim claim) throws SQLException {
    try (PreparedStatement insert = prepare(SessionSql.BEGIN)) {
      Parameters parameters = new Parameters(insert).add(bucket(claim.resource()));
      parameters.add(UUID.randomUUID()).add(claim.resource()).add(claim.topic().toString());
      parameters.add(claim.owner()).add(claim.user()).add(claim.mode() == Mode.SHARED);
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

  Touched touch(String node, Set<String> owners, long roll) throws SQLException {
    try (PreparedStatement touch = prepare(SessionSql.TOUCH)) {
      Parameters parameters = new Parameters(touch).add(owners).add(node).add(terms.timeout());
      parameters.add(owners).add(owners).add(node).add(roll).add(terms.outage());
      parameters.add(node).add(terms.outage()).add(terms.outage()).add(terms.outage());
      List<Lost> lost = new ArrayList<>();
      boolean alone = true;
      try (ResultSet rows = touch.executeQuery()) {
        while (rows.next()) {
          alone = !rows.getBoolean("alive");
          String reason = rows.getString("reason");
          if (reason != null) {
            lost.add(new Lost(session(rows), ReleaseReason.valueOf(reason)));
          }
        }
      }
      return new Touched(lost, alone);
    }
  }

  void markLeft(String node, Set<String> owners) throws SQLException {
    List<UUID> locked = lockSessions(owners);
    forget(node, owners);
    if (locked.isEmpty()) {
      return;
    }
    try (PreparedStatement mark = prepare(SessionSql.MARK_LEFT)) {
      new Parameters(mark)
          .add(node)
          .add("uuid", locked.toArray())
          .add(terms.timeout())
          .add(terms.outage())
          .add(terms.timeout());
      mark.executeUpdate();
    }
  }

  private List<UUID> lockSessions(Set<String> owners) throws SQLException {
    try (PreparedStatement lock = prepare(SessionSql.LOCK_OWNERS)) {
      new Parameters(lock).add(owners);
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
      new Parameters(delete).add(node).add(owners);
      delete.executeUpdate();
    }
  }

  void leave(String node) throws SQLException {
    for (String sql : List.of(SessionSql.FORGET_ALL, SessionSql.LEAVE)) {
      try (PreparedStatement delete = prepare(sql)) {
        delete.setString(1, node);
        delete.executeUpdate();
      }
    }
  }

  long openRoll() throws SQLException {
    return number(SessionSql.OPEN_ROLL);
  }

  List<Session> settle(int atMost) throws SQLException {
    try (PreparedStatement delete = prepare(SessionSql.SETTLE)) {
      Parameters parameters = new Parameters(delete).add(terms.timeout()).add(terms.outage());
      parameters.add(terms.timeout()).add(terms.outage()).add(terms.outage()).add(terms.outage());
      parameters.add(atMost);
      return sessions(delete);
    }
  }

  Standing standing() throws SQLException {
    try (PreparedStatement query = prepare(SessionSql.STANDING)) {
      Parameters parameters = new Parameters(query).add(terms.outage()).add(terms.timeout());
      parameters.add(terms.outage()).add(terms.timeout());
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return new Standing(
            row.getLong("held"),
            row.getLong("expired"),
            row.getLong("ahead") > 0,
            row.getBoolean("may_expire"),
            row.getBoolean("suspicious"),
            row.getBoolean("suspicious_for_long"));
      }
    }
  }

  void suspect(boolean suspicious) throws SQLException {
    try (PreparedStatement update = prepare(SessionSql.SUSPECT)) {
      update.setBoolean(1, suspicious);
      update.executeUpdate();
    }
  }

  /** The clock was set back: what was seen after it was seen now. */
  void notAhead() throws SQLException {
    for (String sql : List.of(SessionSql.NOT_AHEAD, SessionSql.NODES_NOT_AHEAD)) {
      try (PreparedStatement update = prepare(sql)) {
        update.executeUpdate();
      }
    }
  }

  List<Session> sweep(int atMost) throws SQLException {
    try (PreparedStatement delete = prepare(SessionSql.SWEEP)) {
      expiring(delete).add(atMost);
      return sessions(delete);
    }
  }

  /** Nodes that are no more, which owners they had, and whom nobody came back to hear of. */
  void tidy(int atMost) throws SQLException {
    try (PreparedStatement delete = prepare(SessionSql.SWEEP_PRESENCE)) {
      expiring(delete).add(atMost);
      delete.executeUpdate();
    }
    try (PreparedStatement delete = prepare(SessionSql.SWEEP_NODES)) {
      expiring(delete);
      delete.executeUpdate();
    }
    try (PreparedStatement delete = prepare(SessionSql.SWEEP_LOST)) {
      new Parameters(delete).add(LostBook.KEPT).add(atMost);
      delete.executeUpdate();
    }
  }

  private Parameters expiring(PreparedStatement statement) throws SQLException {
    return new Parameters(statement).add(terms.outage()).add(terms.timeout()).add(terms.timeout());
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

  List<Session> list(SessionQuery query) throws SQLException {
    StringBuilder sql = new StringBuilder(SessionSql.LIST);
    query.resource().ifPresent(is -> sql.append(" and resource = ?"));
    query.owner().ifPresent(is -> sql.append(" and owner = ?"));
    query.user().ifPresent(is -> sql.append(" and user_name = ?"));
    query.after().ifPresent(is -> sql.append(" and id > ?"));
    sql.append(" order by id limit ?");
    try (PreparedStatement select = prepare(sql.toString())) {
      Parameters parameters = new Parameters(select);
      for (Optional<String> name : List.of(query.resource(), query.owner(), query.user())) {
        if (name.isPresent()) {
          parameters.add(name.get());
        }
      }
      if (query.after().isPresent()) {
        parameters.add(query.after().get());
      }
      parameters.add(query.atMost());
      return sessions(select);
    }
  }

  long count() throws SQLException {
    return number(SessionSql.COUNT);
  }

  private long number(String sql) throws SQLException {
    try (PreparedStatement query = prepare(sql);
        ResultSet row = query.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  private PreparedStatement prepare(String sql) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(schema.in(sql));
    statement.setQueryTimeout(TIMEOUT_SECONDS);
    return statement;
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
        Topic.of(row.getString("topic")),
        row.getBoolean("shared") ? Mode.SHARED : Mode.EXCLUSIVE);
  }

  /** Sets the parameters of a statement one after another. */
  private final class Parameters {

    private final PreparedStatement statement;
    private int last;

    Parameters(PreparedStatement statement) {
      this.statement = statement;
    }

    Parameters add(Object value) throws SQLException {
      statement.setObject(++last, value);
      return this;
    }

    Parameters add(Duration value) throws SQLException {
      statement.setDouble(++last, value.toMillis() / 1000.0);
      return this;
    }

    Parameters add(Set<String> names) throws SQLException {
      return add("text", names.toArray());
    }

    Parameters add(String type, Object[] values) throws SQLException {
      statement.setArray(++last, connection.createArrayOf(type, values));
      return this;
    }
  }
}
