package dev.eventbroker.sse;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Connections;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A broker that takes no further connection. */
final class FullBroker {

  private FullBroker() {}

  /** That broker, but for its connections. */
  static Broker around(Broker broker) {
    Connections full =
        (Connections)
            Proxy.newProxyInstance(
                FullBroker.class.getClassLoader(),
                new Class<?>[] {Connections.class},
                (proxy, method, arguments) -> {
                  throw new BrokerException.Overloaded("connections: 1 (expected: < 1)");
                });
    return (Broker)
        Proxy.newProxyInstance(
            FullBroker.class.getClassLoader(),
            new Class<?>[] {Broker.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("connections")) {
                return full;
              }
              try {
                return method.invoke(broker, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  static SseServer serve(SseEndpoint endpoint) {
    return SseServer.builder(endpoint)
        .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .transport(Transport.nio())
        .threads(1)
        .build()
        .start();
  }
}
