package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In which portions the first bytes of a stream go to its socket. */
class OpeningTest {

  private static final String REQUEST = "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n";

  private final Broker broker = new BrokerBuilder().build();
  private final Flushes flushes = new Flushes();

  @AfterEach
  void close() {
    broker.close();
  }

  @Test
  void whoIsNewHasItsHeadAndItsCursorInOneFlush() {
    EmbeddedChannel channel = channel(SseDecision.allow(Authorized.principal("ann")));

    receive(channel, REQUEST + "\r\n");

    assertThat(flushes.portions).hasSize(1);
    assertThat(flushes.portions.get(0))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains(": connected\n\n", "\nid: " + broker.cursor() + "\n\n");
    channel.finishAndReleaseAll();
  }

  @Test
  void whoComesBackHasItsHeadBeforeAnythingIsReadForIt() {
    publish("1");
    EventId last = broker.cursor();
    publish("2");
    EmbeddedChannel channel = channel(SseDecision.allow(Authorized.principal("ann")));

    receive(channel, REQUEST + "Last-Event-ID: " + last + "\r\n\r\n");

    assertThat(flushes.portions).hasSize(2);
    assertThat(flushes.portions.get(0)).contains(": connected\n\n").doesNotContain("\nid: ");
    assertThat(flushes.portions.get(1)).contains("data: 2\n\n");
    channel.finishAndReleaseAll();
  }

  @Test
  void whoWaitsForASnapshotHasItsHeadMeanwhile() {
    CompletableFuture<Snapshot> loaded = new CompletableFuture<>();
    EmbeddedChannel channel =
        channel(
            SseDecision.allow(Authorized.principal("ann")).snapshot(new LoadedOnDemand(loaded)));

    receive(channel, REQUEST + "\r\n");

    assertThat(flushes.portions).hasSize(1);
    assertThat(flushes.portions.get(0)).contains(": connected\n\n").doesNotContain("\nid: ");
    loaded.complete(Snapshot.of("board", "all of it"));
    channel.finishAndReleaseAll();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1\r\n",
        "HTTP/1.1\r\nConnection: close\r\n",
        "HTTP/1.0\r\n",
        "HTTP/1.0\r\nConnection: keep-alive\r\n"
      })
  void theHeadThatAllShareIsWhatTheCodecWouldWrite(String version) {
    SseDecision decision = SseDecision.allow(Authorized.principal("ann"));
    EmbeddedChannel shared = channel(decision);
    EmbeddedChannel encoded = channel(decision, new ChannelOutboundHandlerAdapter());
    String request = "GET /events?topic=a " + version + "Host: x\r\n\r\n";

    receive(shared, request);
    String sharedHead = head();
    flushes.portions.clear();
    receive(encoded, request);

    assertThat(sharedHead).startsWith("HTTP/1.1 200 OK\r\n").isEqualTo(head());
    shared.finishAndReleaseAll();
    encoded.finishAndReleaseAll();
  }

  @Test
  void whereTheCodecStaysTheEndIsTheLastChunkAllTheSame() {
    EmbeddedChannel channel =
        channel(SseDecision.allow(Authorized.principal("ann")), new ChannelInboundHandlerAdapter());
    receive(channel, REQUEST + "\r\n");
    assertThat(channel.pipeline().get(HttpServerCodec.class)).isNotNull();

    broker.close();
    channel.runPendingTasks();

    assertThat(String.join("", flushes.portions)).endsWith("\n\n\r\n0\r\n\r\n");
    assertThat(channel.isOpen()).isFalse();
    channel.finishAndReleaseAll();
  }

  private String head() {
    String opening = String.join("", flushes.portions);
    return opening.substring(0, opening.indexOf("\r\n\r\n"));
  }

  private EmbeddedChannel channel(SseDecision decision, ChannelHandler... between) {
    SseEndpoint endpoint =
        SseEndpoint.builder(broker)
            .authorizer(request -> CompletableFuture.completedStage(decision))
            .build();
    EmbeddedChannel channel = new EmbeddedChannel(flushes, new HttpServerCodec());
    channel.pipeline().addLast(between).addLast(endpoint);
    return channel;
  }

  private void publish(String data) {
    var unused = broker.publish(Event.of(Topic.of("a"), "moved", data));
  }

  private static void receive(EmbeddedChannel channel, String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
    channel.runPendingTasks();
  }

  private record LoadedOnDemand(CompletableFuture<Snapshot> state)
      implements SnapshotSource<Object> {

    @Override
    public Snapshot load(Object authorized, Duration timeout) {
      return state.join();
    }

    @Override
    public Snapshot fallback(Object authorized) {
      return Snapshot.of("board", "as it was");
    }
  }

  /** Stands where the transport would, and notes what each flush sends. */
  @ChannelHandler.Sharable
  private static final class Flushes extends ChannelOutboundHandlerAdapter {

    final List<String> portions = new ArrayList<>();
    private final StringBuilder written = new StringBuilder();

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
      written.append(((ByteBuf) message).toString(UTF_8));
      var unused = ctx.write(message, promise);
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
      if (!written.isEmpty()) {
        portions.add(written.toString());
        written.setLength(0);
      }
      ctx.flush();
    }
  }
}
