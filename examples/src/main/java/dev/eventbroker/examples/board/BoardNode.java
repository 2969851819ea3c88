package dev.eventbroker.examples.board;

import com.zaxxer.hikari.HikariDataSource;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.pg.PgBackplane;
import dev.eventbroker.pg.PgSchema;
import dev.eventbroker.sessions.EditSessions;
import dev.eventbroker.sessions.EventOutbox;
import dev.eventbroker.sessions.JdbcSessionStore;
import dev.eventbroker.sse.SseEndpoint;
import dev.eventbroker.sse.SseServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * One node, as an application would put it together: a pool for its own statements, the backplane,
 * the broker on it, edit sessions in the same database, and a server with the stream and the rest.
 */
final class BoardNode implements AutoCloseable {

  /**
   * Enough for a demo's requests; the backplane and its listener bring connections of their own.
   */
  private static final int POOL_SIZE = 8;

  private static final int BLOCKING_THREADS = 8;
  private static final int WAITING_REQUESTS = 1000;

  private final Deque<AutoCloseable> started = new ArrayDeque<>();
  private final SseServer server;

  /** Starts it; nothing is left behind if that fails. */
  BoardNode(String name, int port, String jdbcUrl, Pace pace) {
    try {
      HikariDataSource database = opened(pool(name, jdbcUrl));
      PgBackplane backplane = PgBackplane.builder(jdbcUrl).name("board-" + name).build();
      Cards cards = new Cards(database, backplane);
      prepare(database, cards);
      Broker broker =
          opened(
              new BrokerBuilder()
                  .name("board-" + name)
                  .heartbeat(pace.heartbeat())
                  .backplane(backplane)
                  .build());
      JdbcSessionStore store = JdbcSessionStore.builder(database).outbox(outbox(backplane)).build();
      store.migrate();
      EditSessions sessions =
          opened(
              EditSessions.builder(broker, store)
                  .timeout(pace.sessionTimeout())
                  .sweepInterval(pace.sweepInterval())
                  .build());
      ExecutorService blocking = blocking(name);
      started.push(blocking::shutdownNow);
      BoardState state = new BoardState(cards, sessions, name);
      SseEndpoint endpoint =
          SseEndpoint.builder(broker)
              .path("/events")
              .maxLifetime(pace.streamLifetime())
              .authorizer(new BoardAuthorizer(state, blocking))
              .build();
      BoardApi api = new BoardApi(name, broker, sessions, cards);
      server =
          opened(
              SseServer.builder(endpoint)
                  .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                  .pipeline(
                      pipeline ->
                          pipeline.addLast(
                              new JsonAggregator(), new BoardHandler(api::answer, blocking)))
                  .build());
      server.start();
    } catch (SQLException e) {
      close();
      throw new IllegalStateException("the board's tables can't be made", e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Where it listens, as a browser wants it. */
  String address() {
    return "http://127.0.0.1:" + server.localAddress().getPort();
  }

  private static HikariDataSource pool(String name, String jdbcUrl) {
    HikariDataSource pool = new HikariDataSource();
    pool.setPoolName("board-" + name);
    pool.setJdbcUrl(jdbcUrl);
    pool.setMaximumPoolSize(POOL_SIZE);
    return pool;
  }

  private static void prepare(HikariDataSource database, Cards cards) throws SQLException {
    try (Connection connection = database.getConnection()) {
      PgSchema.apply(connection, PgSchema.DEFAULT_NAME);
    }
    cards.prepare();
  }

  /** Sessions begin and end in one transaction with their events. */
  private static EventOutbox outbox(PgBackplane backplane) {
    return new EventOutbox() {
      @Override
      public void publish(Connection connection, Event event) throws SQLException {
        backplane.publish(connection, event);
      }

      @Override
      public void committed() {
        backplane.wake();
      }
    };
  }

  private static ExecutorService blocking(String name) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            BLOCKING_THREADS,
            BLOCKING_THREADS,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING_REQUESTS),
            work -> {
              Thread thread = new Thread(work, "board-" + name + "-blocking");
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  private <T extends AutoCloseable> T opened(T part) {
    started.push(part);
    return part;
  }

  /**
   * Ends its parts, the last first: streams, then sessions, then the broker and its backplane, then
   * the pool.
   */
  @Override
  public void close() {
    while (!started.isEmpty()) {
      AutoCloseable last = started.pop();
      try {
        last.close();
      } catch (Exception e) {
        System.err.println("while stopping a node: " + e);
      }
    }
  }
}
