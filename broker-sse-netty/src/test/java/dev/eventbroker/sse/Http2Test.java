package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.CloseReason;
import dev.eventbroker.EventId;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2Headers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of HTTP/2 connections, on raw frames. */
class Http2Test {

  private static final int USUAL_WINDOW = 65_535;

  @Test
  void rule23InHttp2ThereIsNeitherAChunkNorAConnectionField() {
    try (RunningServer running = start();
        Http2RawClient client = connect(running)) {
      Http2Headers head = client.get(1, "/events?topic=a").readHead(1);

      assertThat(head.status()).hasToString("200");
      assertThat(head.get("content-type")).hasToString("text/event-stream; charset=utf-8");
      assertThat(head.get("cache-control")).hasToString("no-cache, no-store, no-transform");
      assertThat(head.get("x-accel-buffering")).hasToString("no");
      assertThat(head.names().stream().map(CharSequence::toString))
          .doesNotContain(
              "transfer-encoding",
              "connection",
              "keep-alive",
              "content-length",
              "content-encoding");
      assertThat(client.readUntil(1, "\n\n")).matches("retry: [0-9]+\n: connected\n\n");
      EventId id = running.publish("a", "one");
      assertThat(client.readUntil(1, "data: one\n\n"))
          .endsWith("id: " + id + "\nevent: moved\ndata: one\n\n");
    }
  }

  @Test
  void oneConnectionCarriesManyStreamsAndTheEndOfOneIsNotThatOfAnother() {
    try (RunningServer running = start();
        Http2RawClient client = connect(running)) {
      client.open(1, "/events?topic=a");
      client.readUntil(1, "\n\n");
      client.open(3, "/events?topic=b");
      client.readUntil(3, "\n\n");
      assertThat(running.broker.stats().connections().open()).isEqualTo(2);

      client.cancel(1);
      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.DISCONNECTED);
      running.publish("a", "nobody's");
      running.publish("b", "still here");

      assertThat(client.readUntil(3, "data: still here\n\n")).doesNotContain("nobody");
      client.goodbye();
      running.awaitNobody();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/events?topic=a*", "/events", "/nothing"})
  void aRefusalEndsItsStreamAndTheConnectionGoesOn(String target) {
    try (RunningServer running = start();
        Http2RawClient client = connect(running)) {
      Http2Headers head = client.get(1, target).readHead(1);
      Http2RawClient.Frame body = client.next();
      while (!body.endsStream()) {
        body = client.next();
      }

      assertThat(head.status().toString()).startsWith("4");
      assertThat(head.names().stream().map(CharSequence::toString)).doesNotContain("connection");
      client.open(3, "/events?topic=a");
    }
  }

  @Test
  void theEndOfARequestIsNoLastWord() {
    try (RunningServer running = start();
        Http2RawClient client = connect(running)) {
      client.begin(1, "/events?topic=a").readHead(1);
      client.readUntil(1, text -> text.contains("\nid: ") && text.endsWith("\n\n"));
      client.send(Http2RawClient.DATA, Http2RawClient.END_STREAM, 1, new byte[0]);

      // Answered behind it, so it has been read by then.
      client.open(3, "/events?topic=b");
      running.publish("a", "still here");

      Http2RawClient.Frame frame = client.next();
      while (!(frame.stream() == 1 && frame.text().contains("still here"))) {
        assertThat(frame.type()).isEqualTo(Http2RawClient.DATA);
        frame = client.next();
      }
    }
  }

  @Test
  void headIsADescriptionOnly() {
    try (RunningServer running = start();
        Http2RawClient client = connect(running)) {
      client.request(1, "HEAD", "/events?topic=a");

      Http2RawClient.Frame head = client.next();
      assertThat(head.type()).isEqualTo(Http2RawClient.HEADERS);
      assertThat(head.endsStream()).isTrue();
      assertThat(running.broker.stats().connections().open()).isZero();
    }
  }

  @Test
  void rule23AClosedWindowHoldsOneStreamBackAndNoOther() {
    String data = "x".repeat(10_000);
    int events = 300;
    try (RunningServer running =
            start(broker -> broker.logEvents(64), endpoint -> endpoint, server -> server);
        Http2RawClient slow = Http2RawClient.connect(running.server.localAddress(), 1_000);
        Http2RawClient quick = Http2RawClient.connect(running.server.localAddress(), 1 << 30)) {
      slow.open(1, "/events?topic=a");
      quick.giveWindow(0, 1 << 30);
      quick.open(1, "/events?topic=a");
      quick.readUntil(1, "\n\n");

      for (int i = 0; i < events; i++) {
        EventId id = running.publish("a", data);
        assertThat(quick.readUntil(1, "\n\n"))
            .isEqualTo("id: " + id + "\nevent: moved\ndata: " + data + "\n\n");
      }
      RunningServer.until(
          "one is held back", () -> running.broker.stats().subscriptions().lagging() == 1);
      slow.giveWindow(0, 1 << 30).giveWindow(1, 1 << 30);

      String seen =
          slow.readUntil(1, text -> text.contains("\"reason\":\"slow\"") && text.endsWith("\n\n"));
      running.publish("a", "last");
      seen += slow.readUntil(1, "data: last\n\n");
      assertRunsOrGaps(seen, events + 1);
    }
  }

  private static void assertRunsOrGaps(String seen, int last) {
    long position = 0;
    for (String block : seen.split("\n\n", -1)) {
      if (!block.startsWith("id: ")) {
        continue;
      }
      String line = block.lines().findFirst().orElseThrow();
      long next = Long.parseLong(line.substring(line.indexOf('.') + 1));
      if (block.contains("event: moved")) {
        assertThat(next).isEqualTo(position + 1);
      }
      position = next;
    }
    assertThat(position).isEqualTo(last);
  }

  @Test
  void rule28AWindowThatStaysClosedEndsItsStreamAloneAndWithoutACut() {
    try (RunningServer running =
            start(
                broker -> broker,
                endpoint -> endpoint.stallTimeout(Duration.ofMillis(200)),
                server -> server);
        Http2RawClient client = Http2RawClient.connect(running.server.localAddress(), 1_000)) {
      client.open(1, "/events?topic=a");
      client.readUntil(1, "\n\n");
      client.open(3, "/events?topic=b");

      running.publish("a", "x".repeat(20_000));

      assertThat(RunningServer.next(running.closedConnections).code()).isEqualTo("stalled");
      List<Integer> types = new ArrayList<>();
      Http2RawClient.Frame frame = client.next();
      while (frame.type() != Http2RawClient.RST_STREAM) {
        types.add(frame.type());
        frame = client.next();
      }
      assertThat(frame.stream()).isEqualTo(1);
      assertThat(types).containsOnly(Http2RawClient.DATA);
      assertThat(running.broker.stats().connections().open()).isOne();
    }
  }

  @Test
  void rule28WhoLeavesNoRoomForBeingToldNotNowIsGivenUp() {
    try (RunningServer running =
            start(
                broker -> broker,
                endpoint -> endpoint.stallTimeout(Duration.ofMillis(200)),
                server -> server.requestTimeout(Duration.ofSeconds(2)));
        Http2RawClient client = Http2RawClient.connect(running.server.localAddress(), 0)) {
      running.endpoint.drain().toCompletableFuture().join();

      client.get(1, "/events?topic=a", "accept", "text/event-stream").readHead(1);

      assertThat(client.next()).satisfies(Http2Test::isReset);
      // A connection without a stream is ended; one that waits for ever would keep it.
      assertThat(client.next().type()).isEqualTo(Http2RawClient.GOAWAY);
    }
  }

  private static void isReset(Http2RawClient.Frame frame) {
    assertThat(frame.type()).isEqualTo(Http2RawClient.RST_STREAM);
    assertThat(frame.stream()).isEqualTo(1);
    assertThat(frame.payload().getInt(0)).as("CANCEL").isEqualTo(8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/events?topic=a", "/nothing"})
  void rule28AnEndThatWaitsBehindAClosedWindowIsGivenUpAloudAndNothingIsKept(String target)
      throws Exception {
    Written written = new Written();
    try (RunningServer running =
            RunningServer.start(
                broker -> broker,
                endpoint -> endpoint.stallTimeout(Duration.ofSeconds(1)),
                pipeline -> pipeline.addFirst(written),
                server -> server.http2().requestTimeout(Duration.ofSeconds(1)));
        Http2RawClient client = Http2RawClient.connect(running.server.localAddress(), 0)) {
      client.get(1, target).readHead(1);
      Channel connection = RunningServer.next(written.connections);

      running.endpoint.drain().toCompletableFuture().join();

      assertThat(client.next()).satisfies(Http2Test::isReset);
      assertThat(connection.eventLoop().submit(() -> streams(connection)).get()).isZero();
      assertThat(written.contents).isNotEmpty().allMatch(content -> content.refCnt() == 0);
      running.awaitNobody();
    }
  }

  private static int streams(Channel connection) {
    return connection.pipeline().get(Http2FrameCodec.class).connection().numActiveStreams();
  }

  /** Sees what goes out of streams. */
  @ChannelHandler.Sharable
  private static final class Written extends ChannelOutboundHandlerAdapter {

    final BlockingQueue<Channel> connections = new LinkedBlockingQueue<>();
    final List<ByteBuf> contents = new CopyOnWriteArrayList<>();

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      connections.add(ctx.channel().parent());
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
      if (message instanceof Http2DataFrame data && data.content().isReadable()) {
        contents.add(data.content());
      }
      var unused = ctx.write(message, promise);
    }
  }

  @Test
  void closingTheServerEndsEachStreamCleanlyAndSaysSo() {
    try (RunningServer running = start();
        Http2RawClient client = connect(running)) {
      client.open(1, "/events?topic=a");
      client.readUntil(1, "\n\n");

      running.server.close();

      StringBuilder text = new StringBuilder();
      boolean ended = false;
      boolean goneAway = false;
      while (!ended || !goneAway) {
        Http2RawClient.Frame frame = client.next();
        goneAway |= frame.type() == Http2RawClient.GOAWAY;
        ended |= frame.endsStream();
        text.append(frame.type() == Http2RawClient.DATA ? frame.text() : "");
      }
      assertThat(text.toString()).matches("retry: [0-9]+\n\n");
      running.awaitNobody();
    }
  }

  @Test
  void whoSpeaksHttp11IsServedOnTheSamePort() {
    try (RunningServer running = start();
        RawClient client = running.connect()) {
      client.open("/events?topic=a");
    }
  }

  @Test
  void aConnectionWithoutAStreamIsClosed() {
    try (RunningServer running =
            start(
                broker -> broker,
                endpoint -> endpoint,
                server -> server.requestTimeout(Duration.ofMillis(100)));
        Http2RawClient client = connect(running)) {
      assertThat(client.next().type()).isEqualTo(Http2RawClient.GOAWAY);
    }
  }

  private static RunningServer start() {
    return start(broker -> broker, endpoint -> endpoint, server -> server);
  }

  private static RunningServer start(
      UnaryOperator<BrokerBuilder> broker,
      UnaryOperator<SseEndpoint.Builder> endpoint,
      UnaryOperator<SseServer.Builder> server) {
    return RunningServer.start(
        broker, endpoint, pipeline -> {}, options -> server.apply(options.http2()));
  }

  private static Http2RawClient connect(RunningServer running) {
    return Http2RawClient.connect(running.server.localAddress(), USUAL_WINDOW);
  }
}
