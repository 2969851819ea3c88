package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.junit.jupiter.api.Test;

/** Whom a limit on addresses counts together where the host says nothing of it. */
class AddressLimitTest {

  @Test
  void eachOtherEndHasPlacesOfItsOwn() {
    try (Broker broker = new BrokerBuilder().build()) {
      SseEndpoint endpoint =
          SseEndpoint.builder(broker)
              .authorizer(SseAuthorizer.everybodyAs("ann"))
              .limits(SseLimits.defaults().withPerAddress(1))
              .build();
      EmbeddedChannel first = ask(endpoint, "192.0.2.1");
      EmbeddedChannel neighbour = ask(endpoint, "192.0.2.2");

      EmbeddedChannel again = ask(endpoint, "192.0.2.1");

      assertThat(first.isOpen()).isTrue();
      assertThat(neighbour.isOpen()).isTrue();
      assertThat(endpoint.streams()).isEqualTo(2);
      first.finishAndReleaseAll();
      neighbour.finishAndReleaseAll();
      again.finishAndReleaseAll();
    }
  }

  private static EmbeddedChannel ask(SseEndpoint endpoint, String from) {
    EmbeddedChannel channel =
        new EmbeddedChannel(new HttpServerCodec(), endpoint) {
          @Override
          protected SocketAddress remoteAddress0() {
            return new InetSocketAddress(from, 4000);
          }
        };
    String request = "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n";
    channel.writeInbound(Unpooled.copiedBuffer(request, ISO_8859_1));
    channel.runPendingTasks();
    return channel;
  }
}
