package dev.eventbroker.pg;

import dev.eventbroker.EventId;
import dev.eventbroker.Message;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The statements on the outbox and its order. Each is a transaction of its own, so that nothing is
 * held open or locked between two of them. One thread.
 */
final class Outbox {

  /**
   * A message as it stands in the order.
   *
   * @param id its place
   * @param row which row of the outbox it is
   * @param ref by which this instance knows it; 0 if it is not of this instance
   * @param isRead whether its texts were read; those of this instance's own are known here already
   * @param message empty if they were not, or don't make a valid message
   */
  record Placed(EventId id, Row row, long ref, boolean isRead, Optional<Message> message) {}

  /**
   * What tells a row of the outbox from any other, even one that took its number after a failover.
   *
   * @param seq its number
   * @param at when it was inserted
   */
  record Row(long seq, Instant at) {}

  /**
   * How far the order has got.
   *
   * @param id the place of the newest message
   * @param bytes of all data up to there, since the order began
   */
  record End(EventId id, long bytes) {}

  /**
   * How a position stands to the order.
   *
   * @param newest the newest position of all
   * @param row which row is at the position, if one is
   */
  record Standing(long newest, Optional<Row> row) {}

  /**
   * How much is waiting.
   *
   * @param unordered messages that are committed and have no place; counted up to {@link
   *     #LAG_COUNTED}
   * @param oldestSeconds for how long the oldest of them has been waiting
   * @param retained messages that are kept
   * @param retainedBytes their data
   * @param queueUsage of the server's notification queue, 0 to 1
   */
  record Lag(
      long unordered, double oldestSeconds, long retained, long retainedBytes, double queueUsage) {}

  /** One page takes little memory, however long the backlog and however large the events. */
  private static final int PAGE_EVENTS = 2_000;

  private static final long PAGE_BYTES = 8L << 20;

  /** Nobody needs to know how far beyond "far too much" it is. */
  static final int LAG_COUNTED = 10_000;

  private static final String STORE =
      """
      insert into eb_outbox (publisher, ref, kind, topic, type, data, key, idempotency_key, audience)
      select ?, e.ref, e.kind::"char", e.topic, e.type, e.data, e.key, e.idempotency_key,
        e.audience::text[]
      from unnest(?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
          ?::text[]) with ordinality
        as e (ref, kind, topic, type, data, key, idempotency_key, audience, place)
      order by e.place
      """;

  private static final String STORED =
      "select ref from eb_outbox where seq > ? and publisher = ? and ref >= ?";

  private static final String REPEATED =
      "select key, pos from eb_idempotency where key = any (?::text[])";

  private static final String ADOPT = "select eb_adopt()";

  private static final String ORDER =
      "select epoch_now, pos_now, bytes_now from eb_order_events(?, ?)";

  private static final String END =
      """
      select q.epoch, r.pos, r.bytes
      from eb_sequencer q, (select pos, bytes from eb_run order by pos desc limit 1) r
      """;

  /** The texts of our own rows are here already. */
  private static final String READ =
      """
      select q.epoch, o.pos, b.seq, b.at, case when own then b.ref else 0 end,
        case when wanted then b.kind end, case when wanted then b.topic end,
        case when wanted then b.type end, case when wanted then b.data end,
        case when wanted then b.key end, case when wanted then b.idempotency_key end,
        case when wanted then b.audience end
      from eb_sequencer q, eb_ordered o join eb_outbox b using (seq),
        lateral (select b.publisher is not distinct from ? as own,
          b.publisher is distinct from ? as wanted) whose
      where o.pos > ? and o.pos <= ?
      order by o.pos
      limit ?
      """;

  /** Up to which position one page may go, where there is much data. */
  private static final String PAGE_END =
      """
      select max(pos)
      from (
        select o.pos, sum(octet_length(b.data)) over (order by o.pos) - octet_length(b.data) as before
        from eb_ordered o join eb_outbox b using (seq)
        where o.pos > ? and o.pos <= ?
        order by o.pos
        limit ?
      ) page
      where before < ?
      """;

  private static final String STANDING =
      """
      select r.pos as newest, b.seq, b.at
      from (select pos from eb_run order by pos desc limit 1) r
        left join (eb_ordered o join eb_outbox b using (seq)) on o.pos = ?
      """;

  private static final String FIRST =
      """
      select pos from eb_ordered
      where pos > greatest(?, (select pos from eb_retention))
      order by pos limit 1
      """;

  private static final String NEW_EPOCH = "update eb_sequencer set epoch = ? where epoch = ?";

  private static final String TRIM =
      "select removed, more from eb_trim(make_interval(secs => ?), ?, ?)";

  private static final String LAG =
      """
      select l.unordered, l.oldest_seconds, r.pos - t.pos as retained,
        r.bytes - coalesce((select x.bytes from eb_run x where x.pos >= t.pos order by x.pos limit 1),
          r.bytes) as retained_bytes,
        pg_notification_queue_usage() as queue_usage
      from eb_lag(?) l, eb_retention t,
        (select pos, bytes from eb_run order by pos desc limit 1) r
      """;

  private static final String NOT_VISIBLE =
      """
      select o.pos from %1$seb_ordered o join %1$seb_outbox b using (seq)
      where o.pos > ? and o.pos <= ? and not pg_visible_in_snapshot(b.xid, ?::pg_snapshot)
      """;

  private final Connection connection;
  private final String prefix;
  private final String publisher;

  /** On a connection whose search path is the schema; for that instance. */
  Outbox(Connection connection, String prefix, String publisher) {
    this.connection = connection;
    this.prefix = prefix;
    this.publisher = publisher;
  }

  private PreparedStatement prepare(String sql) throws SQLException {
    return connection.prepareStatement(named(sql, prefix));
  }

  static String named(String sql, String prefix) {
    return sql.replace(PgSchema.DEFAULT_PREFIX, prefix);
  }

  // ---- Storing

  /** Stores all of them or none, in that order. */
  void store(List<Long> refs, List<MessageRow> rows) throws SQLException {
    try (PreparedStatement statement = prepare(STORE)) {
      statement.setString(1, publisher);
      statement.setArray(2, connection.createArrayOf("bigint", refs.toArray(Long[]::new)));
      MessageRow.setAll(statement, 3, rows);
      statement.executeUpdate();
    }
  }

  /** Which of ours are stored, among the rows after that one and the refs from that one on. */
  Set<Long> stored(long afterSeq, long fromRef) throws SQLException {
    try (PreparedStatement statement = prepare(STORED)) {
      statement.setLong(1, afterSeq);
      statement.setString(2, publisher);
      statement.setLong(3, fromRef);
      Set<Long> refs = new HashSet<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          refs.add(rows.getLong(1));
        }
      }
      return refs;
    }
  }

  /** Which positions these idempotency keys have; those that have none are missing. */
  Map<String, Long> positions(List<String> keys) throws SQLException {
    try (PreparedStatement statement = prepare(REPEATED)) {
      statement.setArray(1, connection.createArrayOf("text", keys.toArray(String[]::new)));
      Map<String, Long> positions = new HashMap<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          positions.put(rows.getString(1), rows.getLong(2));
        }
      }
      return positions;
    }
  }

  /**
   * What {@link #storeWithin} says; made once, since the driver finds what it has prepared by the
   * text.
   */
  static String storeOne(String schema, String prefix) {
    return "insert into "
        + SqlName.quoted(schema)
        + "."
        + prefix
        + "outbox ("
        + MessageRow.COLUMNS
        + ") values (?::\"char\", ?, ?, ?, ?, ?, ?)";
  }

  /** Writes one message in the caller's transaction and nothing else. */
  static void storeWithin(Connection caller, String storeOne, MessageRow row) throws SQLException {
    try (PreparedStatement statement = caller.prepareStatement(storeOne)) {
      row.setOne(statement, 1);
      statement.executeUpdate();
    }
  }

  /** Tells, when and if the caller's transaction commits. */
  static void notifyWithin(Connection caller, String channel) throws SQLException {
    try (PreparedStatement statement = caller.prepareStatement("select pg_notify(?, '')")) {
      statement.setString(1, channel);
      statement.executeQuery().close();
    }
  }

  // ---- Ordering and reading

  /** Before anything else on a connection: is this the history that the order belongs to? */
  void adopt() throws SQLException {
    try (PreparedStatement statement = prepare(ADOPT)) {
      statement.executeQuery().close();
    }
  }

  /**
   * Gives positions to what was committed; says how far the order has got.
   *
   * @param patient whether to wait for another node's run
   * @param tell whether to notify the nodes
   */
  End order(boolean patient, boolean tell) throws SQLException {
    try (PreparedStatement statement = prepare(ORDER)) {
      statement.setBoolean(1, patient);
      statement.setBoolean(2, tell);
      try (ResultSet row = statement.executeQuery()) {
        return end(row);
      }
    }
  }

  /** How far the order has got, without giving anything a place. */
  End end() throws SQLException {
    try (PreparedStatement statement = prepare(END);
        ResultSet row = statement.executeQuery()) {
      return end(row);
    }
  }

  private static End end(ResultSet row) throws SQLException {
    row.next();
    return new End(new EventId(row.getString(1), row.getLong(2)), row.getLong(3));
  }

  /**
   * The next messages after that position, in order; empty if there are none.
   *
   * @param bytes how much data is between the two, if that is known; otherwise {@link
   *     Long#MAX_VALUE}
   * @param full whether the texts of this instance's own are wanted too
   */
  List<Placed> readAfter(long position, long end, long bytes, boolean full) throws SQLException {
    long upTo = bytes <= PAGE_BYTES ? end : pageEnd(position, end);
    try (PreparedStatement statement = prepare(READ)) {
      statement.setString(1, publisher);
      statement.setString(2, full ? "" : publisher);
      statement.setLong(3, position);
      statement.setLong(4, upTo);
      statement.setInt(5, PAGE_EVENTS);
      List<Placed> page = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          page.add(placed(rows));
        }
      }
      return page;
    }
  }

  private long pageEnd(long position, long end) throws SQLException {
    try (PreparedStatement statement = prepare(PAGE_END)) {
      statement.setLong(1, position);
      statement.setLong(2, end);
      statement.setInt(3, PAGE_EVENTS);
      statement.setLong(4, PAGE_BYTES);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static Placed placed(ResultSet rows) throws SQLException {
    EventId id = new EventId(rows.getString(1), rows.getLong(2));
    Row row = row(rows, 3);
    long ref = rows.getLong(5);
    boolean isRead = rows.getString(7) != null;
    return new Placed(id, row, ref, isRead, isRead ? MessageRow.read(rows, 6) : Optional.empty());
  }

  private static Row row(ResultSet rows, int first) throws SQLException {
    Instant at = rows.getObject(first + 1, OffsetDateTime.class).toInstant();
    return new Row(rows.getLong(first), at);
  }

  /** How a position stands to the order, at one moment: another node may be giving places. */
  Standing standing(long position) throws SQLException {
    try (PreparedStatement statement = prepare(STANDING)) {
      statement.setLong(1, position);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        Optional<Row> row =
            rows.getObject(2) == null ? Optional.empty() : Optional.of(row(rows, 2));
        return new Standing(rows.getLong("newest"), row);
      }
    }
  }

  /** The first position after that one that is still there. */
  Optional<Long> firstAfter(long position) throws SQLException {
    try (PreparedStatement statement = prepare(FIRST)) {
      statement.setLong(1, position);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? Optional.of(rows.getLong(1)) : Optional.empty();
      }
    }
  }

  /** Starts another epoch, unless another node has done it since. */
  void startEpoch(String epoch, String instead) throws SQLException {
    try (PreparedStatement statement = prepare(NEW_EPOCH)) {
      statement.setString(1, epoch);
      statement.setString(2, instead);
      statement.executeUpdate();
    }
  }

  /**
   * The positions in that range that a snapshot of the database does not contain; on any
   * connection.
   */
  static Set<Long> notVisible(
      Connection any, String schema, String prefix, long after, long upTo, String snapshot)
      throws SQLException {
    // The prefix first: a schema's name is its own, whatever is in it.
    String sql = named(NOT_VISIBLE, prefix).formatted(SqlName.quoted(schema) + ".");
    try (PreparedStatement statement = any.prepareStatement(sql)) {
      statement.setLong(1, after);
      statement.setLong(2, upTo);
      statement.setString(3, snapshot);
      Set<Long> positions = new HashSet<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          positions.add(rows.getLong(1));
        }
      }
      return positions;
    }
  }

  // ---- Looking after it

  /** Removes what is older or further back than that; whether there is more to do. */
  boolean trim(Duration maxAge, long maxBytes, int batch) throws SQLException {
    try (PreparedStatement statement = prepare(TRIM)) {
      statement.setDouble(1, maxAge.toMillis() / 1000.0);
      statement.setLong(2, maxBytes);
      statement.setInt(3, batch);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getBoolean(2);
      }
    }
  }

  /** What is waiting, and what is kept. */
  Lag lag() throws SQLException {
    try (PreparedStatement statement = prepare(LAG)) {
      statement.setInt(1, LAG_COUNTED);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return new Lag(
            row.getLong("unordered"),
            row.getDouble("oldest_seconds"),
            row.getLong("retained"),
            row.getLong("retained_bytes"),
            row.getDouble("queue_usage"));
      }
    }
  }
}
