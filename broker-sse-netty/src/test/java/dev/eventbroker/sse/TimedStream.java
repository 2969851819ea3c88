package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** A channel whose time is turned by hand, with an endpoint behind an HTTP codec. */
final class TimedStream implements AutoCloseable {

  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  final Broker broker = new BrokerBuilder().build();
  final List<CloseReason> closed = new ArrayList<>();
  final EmbeddedChannel channel;

  private final long startNanos;

  TimedStream(UnaryOperator<SseEndpoint.Builder> options, ChannelHandler... more) {
    this(new EmbeddedChannel(), options, more);
  }

  /** On that channel, which has no handlers yet. */
  TimedStream(
      EmbeddedChannel empty, UnaryOperator<SseEndpoint.Builder> options, ChannelHandler... more) {
    channel = empty;
    channel.freezeTime();
    startNanos = channel.eventLoop().ticker().nanoTime();
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
    SseEndpoint endpoint =
        options
            .apply(
                SseEndpoint.builder(broker)
                    .authorizer(SseAuthorizer.everybodyAs("ann"))
                    .random(() -> 0L)
                    .clock(() -> START.plusNanos(passedNanos()))
                    .nanoClock(() -> channel.eventLoop().ticker().nanoTime()))
            .build();
    channel.pipeline().addLast(new HttpServerCodec());
    channel.pipeline().addLast(more);
    channel.pipeline().addLast(endpoint, new NotFound());
  }

  private long passedNanos() {
    return channel.eventLoop().ticker().nanoTime() - startNanos;
  }

  TimedStream receive(String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1));
    channel.runPendingTasks();
    return this;
  }

  TimedStream open() {
    return receive("GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  /** In steps, as time does: a timer that is set by another one has its turn as well. */
  void pass(Duration time) {
    long left = time.toMillis();
    while (left > 0) {
      long step = Math.min(left, 500);
      channel.advanceTimeBy(step, TimeUnit.MILLISECONDS);
      channel.runScheduledPendingTasks();
      channel.runPendingTasks();
      left -= step;
    }
  }

  String sent() {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    return text.toString();
  }

  @Override
  public void close() {
    channel.finishAndReleaseAll();
    broker.close();
  }
}
