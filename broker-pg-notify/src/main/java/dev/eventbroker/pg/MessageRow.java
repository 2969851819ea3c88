package dev.eventbroker.pg;

import dev.eventbroker.Audience;
import dev.eventbroker.Event;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Revocation;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A message as it stands in the outbox.
 *
 * @param kind {@code e}, {@code i} or {@code r}
 * @param topic an event's topic; what an interruption or a revocation is about
 * @param type an event's; empty otherwise
 * @param data an event's; a revocation's principal
 * @param key an event's, if it has one
 * @param idempotencyKey an event's, if it has one
 * @param audience null: everyone; empty: nobody
 */
record MessageRow(
    String kind,
    String topic,
    String type,
    String data,
    @Nullable String key,
    @Nullable String idempotencyKey,
    @Nullable List<String> audience) {

  private static final String EVENT = "e";
  private static final String INTERRUPTION = "i";
  private static final String REVOCATION = "r";

  /** In the order in which they are filled in and read. */
  static final String COLUMNS = "kind, topic, type, data, key, idempotency_key, audience";

  static MessageRow of(Message message) {
    if (message instanceof Event event) {
      return new MessageRow(
          EVENT,
          event.topic().toString(),
          event.type(),
          event.data(),
          event.key().orElse(null),
          event.idempotencyKey().orElse(null),
          event.audience().principals().<@Nullable List<String>>map(List::copyOf).orElse(null));
    }
    if (message instanceof Interruption interruption) {
      String scope = interruption.scope().toString();
      return new MessageRow(INTERRUPTION, scope, "", "", null, null, null);
    }
    if (message instanceof Revocation revocation) {
      String scope = revocation.scope().toString();
      return new MessageRow(REVOCATION, scope, "", revocation.principal(), null, null, null);
    }
    throw new IllegalArgumentException("message: " + message + " (expected: one of three kinds)");
  }

  /**
   * Reads the columns from that one on; empty for a row that somebody wrote by hand and that no
   * message could have made.
   */
  static Optional<Message> read(ResultSet rows, int first) throws SQLException {
    try {
      String kind = rows.getString(first);
      String topic = rows.getString(first + 1);
      return Optional.of(
          switch (kind) {
            case INTERRUPTION -> new Interruption(TopicFilter.of(topic));
            case REVOCATION -> new Revocation(rows.getString(first + 3), TopicFilter.of(topic));
            default -> event(rows, first, topic);
          });
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Event event(ResultSet rows, int first, String topic) throws SQLException {
    Event event = Event.of(Topic.of(topic), rows.getString(first + 2), rows.getString(first + 3));
    String key = rows.getString(first + 4);
    if (key != null) {
      event = event.withKey(key);
    }
    String idempotencyKey = rows.getString(first + 5);
    if (idempotencyKey != null) {
      event = event.withIdempotencyKey(idempotencyKey);
    }
    Array names = rows.getArray(first + 6);
    if (names != null) {
      event = event.withAudience(Audience.of(Arrays.asList((String[]) names.getArray())));
    }
    return event;
  }

  /** How many characters it has where their number is not small: in its data and its audience. */
  long length() {
    long length = data.length();
    if (audience != null) {
      for (String name : audience) {
        length += name.length();
      }
    }
    return length;
  }

  /**
   * Checks every text.
   *
   * @throws IllegalArgumentException if one of them can't be stored as it is
   */
  MessageRow requireStorable() {
    PgText.require("topic", topic);
    PgText.require("type", type);
    PgText.require(kind.equals(REVOCATION) ? "principal" : "data", data);
    if (key != null) {
      PgText.require("key", key);
    }
    if (idempotencyKey != null) {
      PgText.require("idempotencyKey", idempotencyKey);
    }
    if (audience != null) {
      for (String name : audience) {
        PgText.require("audience", name);
      }
    }
    return this;
  }

  /** Fills in the columns of one row, from that parameter on. */
  void setOne(PreparedStatement statement, int first) throws SQLException {
    statement.setString(first, kind);
    statement.setString(first + 1, topic);
    statement.setString(first + 2, type);
    statement.setString(first + 3, data);
    statement.setString(first + 4, key);
    statement.setString(first + 5, idempotencyKey);
    if (audience == null) {
      statement.setNull(first + 6, Types.ARRAY);
    } else {
      statement.setArray(first + 6, array(statement.getConnection(), audience));
    }
  }

  /** Fills in an array for each column, from that parameter on. */
  static void setAll(PreparedStatement statement, int first, List<MessageRow> rows)
      throws SQLException {
    Connection connection = statement.getConnection();
    List<Function<MessageRow, @Nullable String>> columns =
        List.of(
            MessageRow::kind,
            MessageRow::topic,
            MessageRow::type,
            MessageRow::data,
            MessageRow::key,
            MessageRow::idempotencyKey);
    for (int i = 0; i < columns.size(); i++) {
      // An array of strings, and not of objects, goes over in binary.
      @Nullable String[] column = new String[rows.size()];
      for (int row = 0; row < column.length; row++) {
        column[row] = columns.get(i).apply(rows.get(row));
      }
      statement.setArray(first + i, connection.createArrayOf("text", column));
    }
    // An array of arrays would have to be a rectangle, so each audience goes as a literal.
    @Nullable String[] literals = new String[rows.size()];
    for (int row = 0; row < literals.length; row++) {
      List<String> names = rows.get(row).audience();
      literals[row] = names == null ? null : array(connection, names).toString();
    }
    statement.setArray(first + columns.size(), connection.createArrayOf("text", literals));
  }

  private static Array array(Connection connection, List<String> texts) throws SQLException {
    return connection.createArrayOf("text", texts.toArray(String[]::new));
  }
}
