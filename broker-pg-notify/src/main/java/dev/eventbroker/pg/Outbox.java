package dev.eventbroker.pg;

import dev.eventbroker.Audience;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The statements on the outbox and its order. Each is a transaction of its own, so that nothing is
 * held open or locked between two of them. One thread.
 */
final class Outbox {

  /**
   * An event as it stands in the order.
   *
   * @param id its place
   * @param row which row of the outbox it is
   * @param publisher the instance that stored it; null if it came with a business transaction
   * @param event empty if the row does not make a valid event
   */
  record Placed(EventId id, Row row, @Nullable String publisher, Optional<Event> event) {}

  /**
   * What tells a row of the outbox from any other, even one that took its number after a failover.
   *
   * @param seq its number
   * @param at when it was inserted
   */
  record Row(long seq, Instant at) {}

  /**
   * How a position stands to the order.
   *
   * @param newest the newest position of all
   * @param row which row is at the position, if one is
   */
  record Standing(long newest, Optional<Row> row) {}

  /** One page takes little memory, however long the backlog and however large the events. */
  private static final int PAGE_EVENTS = 500;

  private static final long PAGE_BYTES = 8L << 20;

  private static final String STORE =
      """
      insert into outbox (publisher, topic, type, data, key, audience)
      select ?, e.topic, e.type, e.data, e.key, e.audience::text[]
      from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[]) with ordinality
        as e (topic, type, data, key, audience, place)
      order by e.place
      returning seq
      """;

  private static final String ORDER = "select epoch_now, pos_now from order_events(?)";

  private static final String READ =
      """
      select epoch, pos, seq, at, publisher, topic, type, data, key, audience
      from (
        select q.epoch, o.pos, b.*,
          sum(octet_length(b.data)) over (order by o.pos) - octet_length(b.data) as bytes_before
        from sequencer q, ordered o join outbox b using (seq)
        where o.pos > ?
        order by o.pos
        limit ?
      ) page
      where bytes_before < ?
      order by pos
      """;

  private static final String STANDING =
      """
      select q.pos as newest, b.seq, b.at
      from sequencer q left join (ordered o join outbox b using (seq)) on o.pos = ?
      """;

  private static final String FIRST = "select pos from ordered where pos > ? order by pos limit 1";

  private static final String NEW_EPOCH = "update sequencer set epoch = ? where epoch = ?";

  private final Connection connection;

  /** On a connection whose search path is the schema. */
  Outbox(Connection connection) {
    this.connection = connection;
  }

  /** Stores all of them or none; returns their row numbers in the same order. */
  List<Long> store(String publisher, List<Event> events) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(STORE)) {
      statement.setString(1, publisher);
      setTexts(statement, 2, events.stream().map(event -> event.topic().toString()).toArray());
      setTexts(statement, 3, events.stream().map(Event::type).toArray());
      setTexts(statement, 4, events.stream().map(Event::data).toArray());
      setTexts(statement, 5, events.stream().map(event -> event.key().orElse(null)).toArray());
      // An array of arrays would have to be a rectangle, so each audience goes as a literal.
      setTexts(statement, 6, audiences(events));
      List<Long> seqs = new ArrayList<>(events.size());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          seqs.add(rows.getLong(1));
        }
      }
      return seqs;
    }
  }

  private @Nullable Object[] audiences(List<Event> events) throws SQLException {
    @Nullable Object[] literals = new Object[events.size()];
    for (int i = 0; i < literals.length; i++) {
      Array audience = arrayOf(connection, events.get(i).audience());
      literals[i] = audience == null ? null : audience.toString();
    }
    return literals;
  }

  private void setTexts(PreparedStatement statement, int index, @Nullable Object[] texts)
      throws SQLException {
    statement.setArray(index, connection.createArrayOf("text", texts));
  }

  /** Writes one event in the caller's transaction and nothing else. */
  static void storeWithin(Connection caller, String quotedSchema, Event event) throws SQLException {
    String insert =
        "insert into "
            + quotedSchema
            + ".outbox (topic, type, data, key, audience) values (?, ?, ?, ?, ?)";
    try (PreparedStatement statement = caller.prepareStatement(insert)) {
      statement.setString(1, event.topic().toString());
      statement.setString(2, event.type());
      statement.setString(3, event.data());
      statement.setString(4, event.key().orElse(null));
      Array audience = arrayOf(caller, event.audience());
      if (audience == null) {
        statement.setNull(5, Types.ARRAY);
      } else {
        statement.setArray(5, audience);
      }
      statement.executeUpdate();
    }
  }

  /** Null for everyone; that is another thing than an empty array. */
  private static @Nullable Array arrayOf(Connection connection, Audience audience)
      throws SQLException {
    if (audience.principals().isEmpty()) {
      return null;
    }
    return connection.createArrayOf("text", audience.principals().get().toArray());
  }

  /** Gives positions to what was committed; returns the place of the newest event. */
  EventId order(boolean patient) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ORDER)) {
      statement.setBoolean(1, patient);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return new EventId(row.getString(1), row.getLong(2));
      }
    }
  }

  /** The next events after that position, in order; empty if there are none. */
  List<Placed> readAfter(long position) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(READ)) {
      statement.setLong(1, position);
      statement.setInt(2, PAGE_EVENTS);
      statement.setLong(3, PAGE_BYTES);
      List<Placed> page = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          page.add(placed(rows));
        }
      }
      return page;
    }
  }

  private static Placed placed(ResultSet rows) throws SQLException {
    EventId id = new EventId(rows.getString("epoch"), rows.getLong("pos"));
    return new Placed(id, row(rows), rows.getString("publisher"), event(rows));
  }

  private static Row row(ResultSet rows) throws SQLException {
    return new Row(rows.getLong("seq"), rows.getObject("at", OffsetDateTime.class).toInstant());
  }

  /** Empty for a row that somebody wrote by hand and that no event could have made. */
  private static Optional<Event> event(ResultSet rows) throws SQLException {
    try {
      Event event =
          Event.of(
              Topic.of(rows.getString("topic")), rows.getString("type"), rows.getString("data"));
      String key = rows.getString("key");
      if (key != null) {
        event = event.withKey(key);
      }
      Array audience = rows.getArray("audience");
      if (audience != null) {
        event = event.withAudience(Audience.of(Arrays.asList((String[]) audience.getArray())));
      }
      return Optional.of(event);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** How a position stands to the order, at one moment: another node may be giving places. */
  Standing standing(long position) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(STANDING)) {
      statement.setLong(1, position);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        Optional<Row> row =
            rows.getObject("seq") == null ? Optional.empty() : Optional.of(row(rows));
        return new Standing(rows.getLong("newest"), row);
      }
    }
  }

  /** The first position after that one that is still there. */
  Optional<Long> firstAfter(long position) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(FIRST)) {
      statement.setLong(1, position);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? Optional.of(rows.getLong(1)) : Optional.empty();
      }
    }
  }

  /** Starts another epoch, unless another node has done it since. */
  void startEpoch(String epoch, String instead) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(NEW_EPOCH)) {
      statement.setString(1, epoch);
      statement.setString(2, instead);
      statement.executeUpdate();
    }
  }
}
