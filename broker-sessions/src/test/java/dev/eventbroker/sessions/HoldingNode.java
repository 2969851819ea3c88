package dev.eventbroker.sessions;

import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.engine.BrokerBuilder;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Optional;

/** A JVM with a node whose owners hold sessions until it is killed. For {@link KilledNodeTest}. */
final class HoldingNode {

  static final String READY = "ready";

  private HoldingNode() {}

  /** The database's address, its schema, the node's name, how many sessions. */
  public static void main(String[] arguments) throws IOException {
    String url = arguments[0];
    String schema = arguments[1];
    String name = arguments[2];
    int count = Integer.parseInt(arguments[3]);
    TestPool pool = new TestPool(TestPool.giving(() -> DriverManager.getConnection(url)));
    Broker broker = new BrokerBuilder().heartbeat(KilledNodeTest.HEARTBEAT).build();
    JdbcSessionStore store =
        JdbcSessionStore.builder(pool.dataSource()).schema(schema).outbox(outbox(schema)).build();
    EditSessions sessions =
        EditSessions.builder(broker, store)
            .timeout(KilledNodeTest.TIMEOUT)
            .sweepInterval(KilledNodeTest.SWEEP_INTERVAL)
            .build();
    for (int i = 0; i < count; i++) {
      String owner = name + "-" + i;
      broker.connections().open(name, Optional.of(owner));
      sessions.acquire("board/" + owner, owner, name);
    }
    System.out.println(READY);
    // Also over when whoever started it is gone without having killed it.
    while (System.in.read() >= 0) {
      // nothing is said to it
    }
    System.exit(0);
  }

  private static EventOutbox outbox(String schema) {
    return new EventOutbox() {
      @Override
      public void publish(Connection connection, Event event) throws SQLException {
        TableOutbox.write(connection, schema, event);
      }

      @Override
      public void committed() {}
    };
  }
}
