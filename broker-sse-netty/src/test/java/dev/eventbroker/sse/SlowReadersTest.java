package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.EventId;
import dev.eventbroker.LagPolicy;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One in a hundred of a thousand clients does not read at all. */
class SlowReadersTest {

  private static final int CLIENTS = 1_000;
  private static final int STOPPED = 10;
  private static final int EVENTS = 100;
  private static final String DATA = "x".repeat(4_000);

  /** The high-water mark, what a batch may add to it, and what Netty counts for its own objects. */
  private static final long MOST_WAITING = 64 * 1024 + 2 * 16 * 1024;

  @ParameterizedTest
  @EnumSource(LagPolicy.Kind.class)
  void theOthersGetEverythingAndWhatWaitsForTheStoppedOnesIsBounded(LagPolicy.Kind kind) {
    LagPolicy policy =
        switch (kind) {
          case RESYNC -> LagPolicy.RESYNC;
          case DISCONNECT -> LagPolicy.DISCONNECT;
          case CONFLATE -> LagPolicy.CONFLATE;
        };
    Set<Channel> channels = ConcurrentHashMap.newKeySet();
    List<RawClient> stopped = new ArrayList<>();
    List<RawClient> reading = new ArrayList<>();
    try (RunningServer running =
        RunningServer.start(
            broker -> broker.logEvents(32),
            options -> options.lagPolicy(policy).stallTimeout(Duration.ofHours(1)),
            pipeline -> {
              pipeline.channel().config().setOption(ChannelOption.SO_SNDBUF, 16 * 1024);
              channels.add(pipeline.channel());
            })) {
      for (int i = 0; i < STOPPED; i++) {
        stopped.add(
            RawClient.connect(running.server.localAddress(), 8 * 1024).open("/events?topic=a"));
      }
      for (int i = STOPPED; i < CLIENTS; i++) {
        RawClient client = running.connect().open("/events?topic=a");
        client.readChunk();
        reading.add(client);
      }
      for (int i = 0; i < EVENTS; i++) {
        EventId id = running.publish("a", DATA);
        for (RawClient client : reading) {
          assertThat(client.readChunk()).startsWith("id: " + id + "\nevent: moved\n");
        }
        assertThat(mostWaiting(channels)).isLessThan(MOST_WAITING);
      }
      if (kind == LagPolicy.Kind.DISCONNECT) {
        stopped.forEach(RawClient::awaitEnd);
        assertThat(running.closedConnections).hasSize(STOPPED);
        assertThat(running.closedConnections)
            .extracting(reason -> reason.code())
            .containsOnly("slow");
        assertThat(running.broker.stats().connections().open()).isEqualTo(CLIENTS - STOPPED);
      } else {
        assertThat(running.broker.stats().subscriptions().lagging()).isEqualTo(STOPPED);
        assertThat(running.closedConnections).isEmpty();
        stopped.forEach(SlowReadersTest::assertToldAGap);
      }
    } finally {
      stopped.forEach(RawClient::close);
      reading.forEach(RawClient::close);
    }
  }

  private static long mostWaiting(Set<Channel> channels) {
    long most = 0;
    for (Channel channel : channels) {
      // Read from another thread: a little old, and never torn.
      var buffer = channel.unsafe().outboundBuffer();
      most = Math.max(most, buffer == null ? 0 : buffer.totalPendingWriteBytes());
    }
    return most;
  }

  private static void assertToldAGap(RawClient client) {
    String block = client.readChunk();
    while (!block.contains("event: gap")) {
      block = client.readChunk();
    }
    assertThat(block).contains("\"reason\":\"slow\"");
  }
}
