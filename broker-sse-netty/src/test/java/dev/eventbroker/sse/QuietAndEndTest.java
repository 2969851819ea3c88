package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Audience;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What happens while nothing happens: heartbeats, stalls and lifetimes, with time turned by hand.
 */
class QuietAndEndTest {

  private final Broker broker = new BrokerBuilder().build();
  private final List<CloseReason> closed = new ArrayList<>();
  private final FlushGate gate = new FlushGate();
  private final EmbeddedChannel channel = new EmbeddedChannel();

  /** As large as jitter gets: lifetimes and heartbeats as short as they may be. */
  private RandomGenerator random = () -> -1L;

  @BeforeEach
  void listen() {
    var unused =
        broker
            .connections()
            .listen(
                new ConnectionListener() {
                  @Override
                  public void onClose(Connection connection, CloseReason reason) {
                    closed.add(reason);
                  }
                });
    channel.freezeTime();
  }

  @AfterEach
  void nothingIsLeft() {
    gate.open = true;
    channel.finishAndReleaseAll();
    assertThat(closed).as("closed exactly once").hasSize(1);
    assertThat(broker.stats().connections().open()).isZero();
    assertThat(broker.stats().subscriptions().open()).isZero();
    broker.close();
  }

  @Test
  void rule26ASilentStreamHasAHeartbeatThatIsNeverLate() {
    random = () -> 0L;
    open();

    pass(Duration.ofMillis(14_500));
    assertThat(written()).isEmpty();
    pass(Duration.ofMillis(500));
    assertThat(written()).isEqualTo(": hb\n\n");
    pass(Duration.ofSeconds(15));
    assertThat(written()).isEqualTo(": hb\n\n");
  }

  @Test
  void rule26JitterOnlyMakesHeartbeatsEarlier() {
    open();

    pass(Duration.ofMillis(12_250));

    assertThat(written()).isEqualTo(": hb\n\n");
  }

  @Test
  void rule26DataTakesThePlaceOfAHeartbeat() {
    random = () -> 0L;
    open();
    pass(Duration.ofSeconds(10));
    publish("a", "data");
    assertThat(written()).contains("data: data");

    pass(Duration.ofMillis(14_500));
    assertThat(written()).isEmpty();
    pass(Duration.ofMillis(500));
    assertThat(written()).isEqualTo(": hb\n\n");
  }

  @Test
  void rule11TheHeartbeatMovesTheCursorPastEventsThatAreNotForThisClient() {
    open();
    EventId hidden =
        broker
            .publish(
                Event.of(Topic.of("a"), "secret", "x").withAudience(Audience.of(List.of("bob"))))
            .toCompletableFuture()
            .join();
    channel.runPendingTasks();
    assertThat(written()).isEmpty();

    pass(Duration.ofSeconds(15));
    assertThat(written()).isEqualTo("id: " + hidden + "\n\n");
    pass(Duration.ofSeconds(15));
    assertThat(written()).isEqualTo(": hb\n\n");
  }

  @Test
  void rule11TheCursorMovesThoughEventsWithoutIdKeepTheLineBusy() {
    open();
    EventId elsewhere = publish("b", "not asked for");
    StringBuilder seen = new StringBuilder();
    for (int second = 0; second < 16; second++) {
      pass(Duration.ofSeconds(1));
      broker.publishLocal(Event.of(Topic.of("a"), "typing", "ann"));
      channel.runPendingTasks();
      seen.append(written());
    }

    assertThat(seen).containsOnlyOnce("id: " + elsewhere + "\n\n").doesNotContain(": hb");
  }

  @Test
  void rule28AClientThatTakesNoBytesIsClosed() {
    open();
    gate.open = false;
    publish("a", "x".repeat(1000));

    pass(Duration.ofSeconds(29));
    assertThat(channel.isOpen()).isTrue();
    publish("a", "more, which is no progress");
    pass(Duration.ofSeconds(16));

    assertThat(channel.isOpen()).isFalse();
    assertThat(closed).extracting(CloseReason::code).containsExactly("stalled");
  }

  @Test
  void rule28ASlowClientThatTakesSomeBytesIsNotClosed() {
    open();
    for (int i = 0; i < 10; i++) {
      gate.open = false;
      publish("a", "x");
      pass(Duration.ofSeconds(20));
      gate.release(channel);
    }

    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void noHeartbeatQueuesUpBehindBytesThatWait() {
    open();
    gate.open = false;
    publish("a", "x");
    pass(Duration.ofSeconds(25));
    gate.release(channel);

    assertThat(written()).contains("data: x\n\n").doesNotContain(": hb");
  }

  @Test
  void aLifetimeEndsWithTheLastChunkBetweenTwoEvents() {
    random = () -> 0L;
    open();
    pass(Duration.ofMinutes(30).minusSeconds(1));
    publish("a", "last");
    pass(Duration.ofSeconds(1));

    assertThat(raw()).endsWith("data: last\n\n\r\n0\r\n\r\n");
    assertThat(channel.isOpen()).isFalse();
    assertThat(closed).extracting(CloseReason::code).containsExactly("lifetime");
  }

  @Test
  void jitterOnlyMakesLifetimesShorter() {
    open();

    pass(Duration.ofMinutes(24).plusSeconds(1));

    assertThat(closed).extracting(CloseReason::code).containsExactly("lifetime");
  }

  @Test
  void anEndThatTheClientDoesNotTakeIsForcedAfterTheStallTimeout() {
    open();
    gate.open = false;
    publish("a", "x");
    channel.pipeline().fireUserEventTriggered(Drain.EVENT);
    assertThat(channel.isOpen()).isTrue();

    pass(Duration.ofSeconds(30));

    assertThat(channel.isOpen()).isFalse();
    assertThat(closed).containsExactly(CloseReason.SHUTDOWN);
  }

  @Test
  void rule28AClientThatHasSaidItsLastWordIsGone() {
    open();

    channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

    assertThat(channel.isOpen()).isFalse();
    assertThat(closed).containsExactly(CloseReason.DISCONNECTED);
  }

  @Test
  void rule29IdleTimeoutsOfTheHostDoNotEndAStream() {
    channel.pipeline().addLast(new ReadTimeoutHandler(5));
    open();
    channel.pipeline().fireUserEventTriggered(IdleStateEvent.READER_IDLE_STATE_EVENT);
    pass(Duration.ofSeconds(60));

    assertThat(channel.isOpen()).isTrue();
    assertThat(channel.<Object>readInbound()).isNull();
  }

  @Test
  void aChannelThatDoesNotReadByItselfIsMadeTo() {
    channel.config().setAutoRead(false);
    open();

    assertThat(channel.config().isAutoRead()).isTrue();
  }

  @Test
  void anExceptionInThePipelineEndsTheStream() {
    open();

    channel.pipeline().fireExceptionCaught(new java.io.IOException("Connection reset by peer"));

    assertThat(channel.isOpen()).isFalse();
    assertThat(closed).containsExactly(CloseReason.DISCONNECTED);
  }

  @Test
  void whoTakesThePipelineApartEndsTheStream() {
    open();

    channel.pipeline().remove(SseExchange.class);

    assertThat(closed).containsExactly(CloseReason.DISCONNECTED);
    publish("a", "nobody hears it");
    assertThat(written()).isEmpty();
  }

  @Test
  void everyClientIsToldAnotherReconnectionTimeWithinBounds() {
    random = () -> 0L;
    open();

    assertThat(opening).startsWith("retry: 1000\n");
  }

  private String opening = "";

  private void open() {
    SseEndpoint endpoint =
        SseEndpoint.builder(broker)
            .authorizer(SseAuthorizer.everybodyAs("ann"))
            .random(random)
            .nanoClock(() -> channel.eventLoop().ticker().nanoTime())
            .build();
    channel.pipeline().addLast(gate, new HttpResponseEncoder(), endpoint);
    channel.writeInbound(
        new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/events?topic=a"));
    channel.runPendingTasks();
    String chunks = raw();
    assertThat(chunks).startsWith("HTTP/1.1 200 OK\r\n");
    opening = unchunked(chunks.substring(chunks.indexOf("\r\n\r\n") + 4));
    assertThat(opening).endsWith("\n: connected\n\nid: " + broker.cursor() + "\n\n");
  }

  private EventId publish(String topic, String data) {
    EventId id =
        broker.publish(Event.of(Topic.of(topic), "moved", data)).toCompletableFuture().join();
    channel.runPendingTasks();
    return id;
  }

  private void pass(Duration time) {
    // In steps, as time does: a timer that is set by another one has its turn as well.
    long left = time.toMillis();
    while (left > 0) {
      long step = Math.min(left, 500);
      channel.advanceTimeBy(step, TimeUnit.MILLISECONDS);
      channel.runScheduledPendingTasks();
      channel.runPendingTasks();
      left -= step;
    }
  }

  private String written() {
    return unchunked(raw());
  }

  private String raw() {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    return text.toString();
  }

  private static String unchunked(String chunks) {
    return chunks.replaceAll("(?m)^[0-9a-f]+\r\n", "").replace("\r\n", "");
  }

  /** Holds back what is flushed, as a socket does whose peer does not read. */
  private static final class FlushGate extends ChannelOutboundHandlerAdapter {

    boolean open = true;

    @Override
    public void flush(ChannelHandlerContext ctx) {
      if (open) {
        ctx.flush();
      }
    }

    void release(EmbeddedChannel channel) {
      open = true;
      channel.flush();
    }
  }
}
