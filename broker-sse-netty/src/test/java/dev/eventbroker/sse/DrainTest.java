package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A node goes, in the middle of traffic, and takes leave of everybody. */
class DrainTest {

  @Test
  void tenThousandStreamsEndEachBetweenTwoEventsAndWithATimeOfItsOwn() {
    int clients = 10_000;
    Topic topic = Topic.of("a");
    try (Broker broker = new BrokerBuilder().connectionsPerPrincipal(clients).build()) {
      SseEndpoint endpoint =
          SseEndpoint.builder(broker).authorizer(SseAuthorizer.everybodyAs("ann")).build();
      List<EmbeddedChannel> channels = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        EmbeddedChannel channel =
            new EmbeddedChannel(DefaultChannelId.newInstance(), new HttpServerCodec(), endpoint);
        channel.writeInbound(
            Unpooled.copiedBuffer("GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n", ISO_8859_1));
        channel.runPendingTasks();
        channels.add(channel);
      }
      for (int i = 0; i < 10; i++) {
        var unused = broker.publish(Event.of(topic, "moved", "n" + i));
      }
      // Half of them have had their events when it begins.
      channels.subList(0, clients / 2).forEach(EmbeddedChannel::runPendingTasks);

      var drained = endpoint.drain().toCompletableFuture();
      channels.forEach(EmbeddedChannel::runPendingTasks);

      drained.join();
      Set<String> times = new HashSet<>();
      for (EmbeddedChannel channel : channels) {
        String sent = sent(channel);
        assertThat(sent).endsWith("\n\n\r\n0\r\n\r\n");
        int retry = sent.lastIndexOf("retry: ");
        assertThat(retry).isGreaterThan(sent.indexOf(": connected"));
        times.add(sent.substring(retry, sent.indexOf('\n', retry)));
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
      }
      // Ten thousand draws from nine thousand milliseconds: some five thousand differ.
      assertThat(times).hasSizeGreaterThan(3_000);
      assertThat(broker.stats().connections().open()).isZero();
      assertThat(endpoint.isIdle()).isTrue();
    }
  }

  @Test
  void fiveHundredSocketsLoseNothingButWhatCameAfterTheirEnd() throws InterruptedException {
    int clients = 500;
    List<RawClient> open = new ArrayList<>();
    try (RunningServer running =
        RunningServer.startServer(
            options -> options, server -> server.drainTimeout(Duration.ofSeconds(60)))) {
      for (int i = 0; i < clients; i++) {
        open.add(running.connect().open("/events?topic=a"));
      }
      CountDownLatch underWay = new CountDownLatch(200);
      Thread publisher =
          new Thread(
              () -> {
                while (!Thread.currentThread().isInterrupted()) {
                  running.publish("a", "x".repeat(100));
                  underWay.countDown();
                }
              },
              "publisher");
      publisher.start();
      Thread reading = new Thread(() -> open.forEach(DrainTest::assertWholeToTheEnd), "reading");
      Throwable[] failure = new Throwable[1];
      reading.setUncaughtExceptionHandler((thread, thrown) -> failure[0] = thrown);
      underWay.await();
      reading.start();

      running.server.close();

      publisher.interrupt();
      publisher.join();
      reading.join();
      assertThat(failure[0]).isNull();
      running.awaitNobody();
    } finally {
      open.forEach(RawClient::close);
    }
  }

  /** A contiguous run or gaps, then a time to come back, then the end of the response. */
  private static void assertWholeToTheEnd(RawClient client) {
    long position = -1;
    String last = "";
    for (String chunk = client.readChunk(); !chunk.isEmpty(); chunk = client.readChunk()) {
      assertThat(chunk).endsWith("\n\n");
      last = chunk;
      if (!chunk.startsWith("id: ")) {
        continue;
      }
      long next = Long.parseLong(chunk.substring(chunk.indexOf('.') + 1, chunk.indexOf('\n')));
      if (chunk.contains("event: moved") && position >= 0) {
        assertThat(next).isEqualTo(position + 1);
      }
      position = next;
    }
    assertThat(last).matches("retry: [0-9]+\n\n");
    assertThat(client.isEnded()).isTrue();
  }

  private static String sent(EmbeddedChannel channel) {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    return text.toString();
  }
}
