package dev.eventbroker.sessions;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedDeque;
import javax.sql.DataSource;

/** Gives out again what was given back, as it was given back. */
final class TestPool {

  private final DataSource database;
  private final ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();

  TestPool(DataSource database) {
    this.database = database;
  }

  DataSource dataSource() {
    return giving(
        () -> {
          Connection known = idle.poll();
          Connection real = known == null ? database.getConnection() : known;
          return withoutClose(real, () -> idle.push(real));
        });
  }

  /** A data source that knows nothing but how to give a connection. */
  static DataSource giving(Callable<Connection> connections) {
    return (DataSource)
        Proxy.newProxyInstance(
            TestPool.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (proxy, method, arguments) -> connections.call());
  }

  /** The connection stays open, and something else is done instead. */
  static Connection withoutClose(Connection real, Runnable instead) {
    return (Connection)
        Proxy.newProxyInstance(
            TestPool.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("close")) {
                instead.run();
                return null;
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
