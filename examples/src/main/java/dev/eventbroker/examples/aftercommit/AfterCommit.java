package dev.eventbroker.examples.aftercommit;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/** Three transactions, the second of which is rolled back, and a subscriber that sees two. */
public final class AfterCommit {

  private AfterCommit() {}

  /** Takes no arguments; starts an embedded Postgres, and ends by itself. */
  public static void main(String[] args) throws IOException, SQLException, InterruptedException {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start();
        Broker broker = new BrokerBuilder().name("shop").build()) {
      DataSource database = postgres.getPostgresDatabase();
      Orders.prepare(database);
      Printer printer = new Printer("cherries");
      var unused =
          broker.subscribe(
              SubscribeRequest.by(Authorized.principal("clerk"))
                  .filter(TopicFilter.exactly(Orders.TOPIC))
                  .build(),
              printer);
      Orders orders = new Orders(new Transactions(database, broker));
      place(orders, new Orders.Item("apples", 3), new Orders.Item("pears", 2));
      place(orders, new Orders.Item("plums", 1), new Orders.Item("nothing", 0));
      place(orders, new Orders.Item("cherries", 5));
      printer.awaitLast();
    }
  }

  private static void place(Orders orders, Orders.Item... items) {
    try {
      orders.place(List.of(items));
      System.out.println("placed: " + List.of(items));
    } catch (SQLException e) {
      System.out.println("rolled back: " + List.of(items) + " (" + e.getMessage() + ")");
    }
  }

  private static final class Printer implements Subscriber {

    private final String last;
    private final CountDownLatch lastSeen = new CountDownLatch(1);

    Printer(String last) {
      this.last = last;
    }

    @Override
    public void onEvent(Delivery delivery) {
      System.out.println("  seen: " + delivery.event().data());
      if (delivery.event().data().equals(last)) {
        lastSeen.countDown();
      }
    }

    @Override
    public void onGap(Gap gap) {
      System.out.println("  gap: " + gap.reason().wireName());
    }

    void awaitLast() throws InterruptedException {
      if (!lastSeen.await(10, TimeUnit.SECONDS)) {
        System.out.println("  not seen: " + last);
      }
    }
  }
}
