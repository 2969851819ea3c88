package dev.eventbroker.sse;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.engine.BrokerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A JVM with a server, so that its sockets live in the network namespace that the JVM was started
 * in. Says on standard output what it sees of its clients. For {@link HalfOpenTest}.
 */
final class HalfOpenServer {

  /** What it says itself, and no logger, starts with that. */
  static final String SAYS = "server: ";

  static final String LISTENING = "listening ";
  static final String MISSING = "missing";
  static final String SUBSCRIBED = "subscribed";
  static final String SUBSCRIPTION_CLOSED = "subscription ";
  static final String CONNECTION_CLOSED = "connection ";
  static final String OWNER_GONE = "owner gone";

  private static final String OWNER = "desk-1";

  private HalfOpenServer() {}

  /** The address to listen on, the transport, the heartbeat and the stall timeout in ms. */
  public static void main(String[] arguments) throws IOException {
    Optional<Transport> transport = transport(arguments[1]);
    if (transport.isEmpty()) {
      say(MISSING);
      return;
    }
    Broker broker = new BrokerBuilder().observer(new Subscriptions()).build();
    var unused = broker.connections().listen(new Clients(broker));
    SseEndpoint endpoint =
        SseEndpoint.builder(broker)
            .authorizer(
                request ->
                    CompletableFuture.completedStage(
                        SseDecision.allow(Authorized.principal("ann")).owner(OWNER)))
            .heartbeat(Duration.ofMillis(Long.parseLong(arguments[2])))
            .stallTimeout(Duration.ofMillis(Long.parseLong(arguments[3])))
            .maxLifetime(Duration.ofDays(1))
            .build();
    SseServer server =
        SseServer.builder(endpoint)
            .address(new InetSocketAddress(arguments[0], 0))
            .transport(transport.get())
            .threads(1)
            .build()
            .start();
    say(LISTENING + server.localAddress().getPort());
    // Also over when whoever started it is gone without having killed it.
    while (System.in.read() >= 0) {
      // nothing is said to it
    }
    System.exit(0);
  }

  private static void say(String line) {
    System.out.println(SAYS + line);
  }

  private static Optional<Transport> transport(String name) {
    return switch (name) {
      case "epoll" -> Transport.epoll();
      case "io_uring" -> Transport.ioUring();
      default -> Optional.of(Transport.nio());
    };
  }

  private static final class Subscriptions implements BrokerObserver {

    @Override
    public void subscriptionOpened(String principal) {
      say(SUBSCRIBED);
    }

    @Override
    public void subscriptionClosed(String principal, CloseReason reason) {
      say(SUBSCRIPTION_CLOSED + reason.code());
    }
  }

  private record Clients(Broker broker) implements ConnectionListener {

    @Override
    public void onClose(Connection connection, CloseReason reason) {
      if (!broker.connections().hasOwner(OWNER)) {
        say(OWNER_GONE);
      }
      say(CONNECTION_CLOSED + reason.code());
    }
  }
}
