package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.pg.PgBackplane;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A way of telling what a transaction has changed, with two nodes that hear of it, each with one
 * subscriber.
 */
abstract class Publishing implements AutoCloseable {

  static final String DATA = "{\"card\": 4711, \"column\": \"doing\", \"by\": \"ann\"}";

  private static final int NODES = 2;

  private final AtomicLong received = new AtomicLong();

  /** What a writer does in each of its transactions, and after it. One thread. */
  interface Writer {

    void publish() throws SQLException;

    default void committed() {}
  }

  /** For a connection in a transaction. */
  abstract Writer writer(Connection connection) throws SQLException;

  /** How many nodes are told of each publish. */
  int nodes() {
    return NODES;
  }

  /** How often a subscriber was told of anything, all nodes together. */
  final long received() {
    return received.get();
  }

  final void receive() {
    received.incrementAndGet();
  }

  @Override
  public abstract void close() throws SQLException;

  /** Nobody is told anything. */
  static final class Nothing extends Publishing {

    @Override
    Writer writer(Connection connection) {
      return () -> {};
    }

    @Override
    int nodes() {
      return 0;
    }

    @Override
    public void close() {}
  }

  /** {@code pg_notify} in the transaction; a {@link NotificationLoop} on each node. */
  static final class Notify extends Publishing {

    private final List<NotificationLoop> loops = new ArrayList<>();

    Notify(BenchmarkDatabase database) throws SQLException {
      for (int i = 0; i < NODES; i++) {
        loops.add(new NotificationLoop(database, payload -> receive()));
      }
    }

    @Override
    Writer writer(Connection connection) throws SQLException {
      PreparedStatement notify = connection.prepareStatement("select pg_notify(?, ?)");
      return () -> {
        notify.setString(1, NotificationLoop.CHANNEL);
        notify.setString(2, DATA);
        notify.executeQuery().close();
      };
    }

    @Override
    public void close() throws SQLException {
      for (NotificationLoop loop : loops) {
        loop.close();
      }
    }
  }

  /** A row in the outbox; a broker on a {@link PgBackplane} on each node. */
  static final class Outbox extends Publishing {

    private static final Event EVENT = Event.of(Topic.of("project/42/board"), "card.moved", DATA);

    private final List<PgBackplane> backplanes = new ArrayList<>();
    private final List<Broker> brokers = new ArrayList<>();

    Outbox(BenchmarkDatabase database) {
      for (int i = 0; i < NODES; i++) {
        PgBackplane backplane = database.backplane();
        Broker broker = BenchmarkDatabase.broker(backplane);
        BenchmarkDatabase.subscribe(broker, new Counting(this));
        backplanes.add(backplane);
        brokers.add(broker);
      }
    }

    @Override
    Writer writer(Connection connection) {
      PgBackplane backplane = backplanes.get(0);
      return new Writer() {
        @Override
        public void publish() throws SQLException {
          backplane.publish(connection, EVENT);
        }

        @Override
        public void committed() {
          backplane.wake();
        }
      };
    }

    @Override
    public void close() {
      brokers.forEach(BenchmarkDatabase::close);
    }
  }

  private record Counting(Publishing publishing) implements Subscriber {

    @Override
    public void onEvent(Delivery delivery) {
      publishing.receive();
    }

    @Override
    public void onGap(Gap gap) {
      throw new IllegalStateException("a gap: " + gap);
    }
  }
}
