package dev.eventbroker.examples.board;

import dev.eventbroker.Event;
import dev.eventbroker.pg.PgBackplane;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/**
 * The cards in the database. A change and the event that tells of it are one transaction: nobody
 * ever hears of a change that was rolled back, and no committed change goes untold.
 */
final class Cards {

  static final Set<String> COLUMNS = Set.of("todo", "doing", "done");

  private static final int MAX_TITLE = 200;

  private static final String CREATE =
      """
      create table if not exists board_card (
        id bigint generated always as identity primary key,
        title text not null,
        board_column text not null,
        rank double precision not null,
        version bigint not null default 1)
      """;

  private static final String SEED =
      """
      insert into board_card (title, board_column, rank)
      select title, board_column, rank
        from (values ('Draw the picture', 'done', 1), ('Measure Postgres', 'done', 2),
                     ('Write the log', 'doing', 1), ('Make the lanes', 'doing', 2),
                     ('Frame the events', 'todo', 1), ('Kill the tab', 'todo', 2), ('Pull the plug', 'todo', 3))
             as seed (title, board_column, rank)
       where not exists (select 1 from board_card)
      """;

  private static final String COLUMNS_OF_CARD = "id, title, board_column, rank, version";

  private static final String ALL =
      "select " + COLUMNS_OF_CARD + " from board_card order by board_column, rank, id";

  private static final String INSERT =
      """
      insert into board_card (title, board_column, rank)
      values (?, ?, coalesce((select max(rank) + 1 from board_card where board_column = ?), 1))
      returning\s"""
          + COLUMNS_OF_CARD;

  private static final String UPDATE =
      """
      update board_card
         set title = coalesce(?, title), board_column = coalesce(?, board_column), rank = coalesce(?, rank),
             version = version + 1
       where id = ?
      returning\s"""
          + COLUMNS_OF_CARD;

  /** Both nodes may start at once; the second one waits and finds the work done. */
  private static final String ONE_AT_A_TIME =
      "select pg_advisory_xact_lock(hashtext('board_card'))";

  private final DataSource database;
  private final PgBackplane backplane;

  Cards(DataSource database, PgBackplane backplane) {
    this.database = database;
    this.backplane = backplane;
  }

  /** Makes the table, with some cards on it, unless it is there. */
  void prepare() throws SQLException {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute(ONE_AT_A_TIME);
        statement.execute(CREATE);
        statement.execute(SEED);
      }
      connection.commit();
    }
  }

  /** All cards, in the order they are shown. */
  List<Card> all() throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(ALL);
        ResultSet rows = statement.executeQuery()) {
      List<Card> cards = new ArrayList<>();
      while (rows.next()) {
        cards.add(card(rows));
      }
      return cards;
    }
  }

  /** A new card at the end of a column. */
  Card create(String title, String column) throws SQLException {
    requireTitle(title);
    requireColumn(column);
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
        insert.setString(1, title);
        insert.setString(2, column);
        insert.setString(3, column);
        return published(connection, insert, "card.created").orElseThrow();
      }
    }
  }

  /** Changes what is given; empty if there is no such card. */
  Optional<Card> change(
      long id, Optional<String> title, Optional<String> column, Optional<Double> rank)
      throws SQLException {
    title.ifPresent(Cards::requireTitle);
    column.ifPresent(Cards::requireColumn);
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try (PreparedStatement update = connection.prepareStatement(UPDATE)) {
        update.setString(1, title.orElse(null));
        update.setString(2, column.orElse(null));
        update.setObject(3, rank.orElse(null), java.sql.Types.DOUBLE);
        update.setLong(4, id);
        return published(connection, update, "card.changed");
      }
    }
  }

  /**
   * Runs the change and publishes it in its own transaction; wakes the nodes once it is committed.
   */
  private Optional<Card> published(Connection connection, PreparedStatement change, String type)
      throws SQLException {
    try (ResultSet rows = change.executeQuery()) {
      if (!rows.next()) {
        connection.rollback();
        return Optional.empty();
      }
      Card card = card(rows);
      backplane.publish(
          connection,
          Event.of(Card.topic(card.id()), type, card.toJson()).withKey("card-" + card.id()));
      connection.commit();
      backplane.wake();
      return Optional.of(card);
    }
  }

  private static Card card(ResultSet row) throws SQLException {
    return new Card(
        row.getLong(1), row.getString(2), row.getString(3), row.getDouble(4), row.getLong(5));
  }

  private static void requireTitle(String title) {
    if (title.isBlank() || title.length() > MAX_TITLE || !isStorable(title)) {
      throw HttpProblem.badRequest(
          "title: "
              + title.length()
              + " characters (expected: 1 to "
              + MAX_TITLE
              + ", not blank, no NUL, no unpaired surrogate)");
    }
  }

  private static boolean isStorable(String text) {
    return text.indexOf('\0') < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  private static void requireColumn(String column) {
    if (!COLUMNS.contains(column)) {
      throw HttpProblem.badRequest("column: another than expected (expected: todo, doing or done)");
    }
  }
}
