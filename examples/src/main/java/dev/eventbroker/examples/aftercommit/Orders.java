package dev.eventbroker.examples.aftercommit;

import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;

/** Orders in a database, and the events that tell of them. */
final class Orders {

  static final Topic TOPIC = Topic.of("orders");

  private static final String CREATE =
      """
      create table if not exists example_order (
        article text primary key deferrable initially immediate,
        quantity int not null check (quantity > 0))
      """;

  private static final String INSERT =
      "insert into example_order (article, quantity) values (?, ?)";

  private final Transactions transactions;

  Orders(Transactions transactions) {
    this.transactions = transactions;
  }

  /** One article of an order. */
  record Item(String article, int quantity) {}

  static void prepare(DataSource database) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(CREATE);
    }
  }

  /**
   * Places all of them or none; each is an event once they are committed.
   *
   * @throws SQLException if they were not placed
   */
  void place(List<Item> items) throws SQLException {
    var unused =
        transactions.run(
            (connection, events) -> {
              for (Item item : items) {
                insert(connection, item);
                events.publish(Event.of(TOPIC, "order.placed", item.article()));
              }
            });
  }

  static void insert(Connection connection, Item item) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      insert.setString(1, item.article());
      insert.setInt(2, item.quantity());
      insert.executeUpdate();
    }
  }
}
