package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Snapshot;
import dev.eventbroker.Topic;
import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules that are about more than the text of one block. */
class WireRulesTest {

  @ParameterizedTest
  @ValueSource(strings = {"a\rb", "a\nb", "a\r\nb", "\n", "a\u0000b"})
  void rule06ANameWithALineEndIsRefusedWhenTheEventIsMade(String type) {
    assertThatIllegalArgumentException().isThrownBy(() -> Event.of(Topic.of("a"), type, ""));
    assertThatIllegalArgumentException().isThrownBy(() -> Snapshot.of(type, ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\u0000", "a b", "ä", "a.b", "", "a\n"})
  void rules07And08AnIdHasNoCharacterThatDoesNotComeBackAsItWas(String epoch) {
    assertThatIllegalArgumentException().isThrownBy(() -> new EventId(epoch, 1));
  }

  @Test
  void rules07And08WhateverIsPublishedTheIdsAreShortAndPlain() {
    try (RunningServer running = RunningServer.start()) {
      EventId id = running.publish("a", "\u0000");

      assertThat(id.toString()).matches("[A-Za-z0-9._~-]{1,64}");
    }
  }

  @Test
  void rule12ReconnectionTimesStayWithinTheirBoundsWhateverTheJitter() {
    for (long random : List.of(0L, -1L, Long.MIN_VALUE, 1L << 62)) {
      for (Duration retry : List.of(Duration.ofMillis(250), Duration.ofHours(24))) {
        try (TimedStream stream =
            new TimedStream(options -> options.retry(retry).random(() -> random))) {
          String text = stream.open().sent();

          String digits = text.replaceAll("(?s).*retry: ([^\n]*)\n.*", "$1");
          assertThat(digits).matches("[1-9][0-9]*");
          assertThat(Long.parseLong(digits)).isBetween(250L, Duration.ofDays(1).toMillis());
        }
      }
    }
  }

  @Test
  void rule16AnEndBetweenTwoPartsOfABatchCutsNothing() {
    try (TimedStream stream = new TimedStream(options -> options)) {
      stream.open();
      for (int i = 0; i < 100; i++) {
        var unused =
            stream.broker.publish(Event.of(Topic.of("a"), "moved", "n" + i + "x".repeat(i * 50)));
      }
      stream.channel.pipeline().fireUserEventTriggered(Drain.EVENT);
      stream.channel.runPendingTasks();

      String sent = stream.sent();
      assertThat(sent).endsWith("\n\n\r\n0\r\n\r\n");
      assertChunksAreBlocks(sent.substring(sent.indexOf("\r\n\r\n") + 4));
    }
  }

  /** Every chunk is whole, and each is one block that ends with its one empty line. */
  private static void assertChunksAreBlocks(String chunks) {
    int at = 0;
    while (true) {
      int lineEnd = chunks.indexOf("\r\n", at);
      int size = Integer.parseInt(chunks.substring(at, lineEnd), 16);
      String chunk = chunks.substring(lineEnd + 2, lineEnd + 2 + size);
      at = lineEnd + 2 + size + 2;
      if (size == 0) {
        assertThat(at).isEqualTo(chunks.length());
        return;
      }
      assertThat(chunk.indexOf("\n\n")).isEqualTo(chunk.length() - 2);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"open", "error", "gap", "expiring"})
  void rule17ANameThatMeansSomethingElseInABrowserIsRefused(String type) {
    assertThatIllegalArgumentException().isThrownBy(() -> Event.of(Topic.of("a"), type, ""));
  }

  @Test
  void rule17TheDefaultNameIsWrittenAndMeansTheSame() {
    try (TimedStream stream = new TimedStream(options -> options)) {
      stream.open();
      var unused = stream.broker.publish(Event.of(Topic.of("a"), "message", "x"));
      stream.channel.runPendingTasks();

      assertThat(stream.sent()).contains("event: message\ndata: x\n\n");
    }
  }

  @Test
  void rule20NothingExistsAndNothingIsSaidBeforeTheDecision() {
    CompletableFuture<SseDecision> decision = new CompletableFuture<>();
    try (TimedStream stream = new TimedStream(options -> options.authorizer(r -> decision))) {
      stream.open();

      assertThat(stream.sent()).isEmpty();
      assertThat(stream.broker.stats().connections().open()).isZero();
      assertThat(stream.broker.stats().subscriptions().open()).isZero();

      decision.complete(SseDecision.refuse(401, "who are you"));
      stream.channel.runPendingTasks();
      assertThat(stream.sent()).startsWith("HTTP/1.1 401 ").contains("who are you");
      assertThat(stream.closed).isEmpty();
    }
  }

  @Test
  void aDecisionIsAsOfTheMomentBeforeItWasAskedFor() {
    BlockingQueue<EventId> asked = new LinkedBlockingQueue<>();
    CompletableFuture<SseDecision> decision = new CompletableFuture<>();
    try (TimedStream stream = new TimedStream(options -> options)) {
      asked.add(stream.broker.cursor());
      SseDecision.Allowed<String> made =
          SseDecision.allow(dev.eventbroker.Authorized.principal("ann"));

      assertThat(made.asOf(asked.element()).authorized().asOf()).contains(asked.element());
      EventId earlier = new EventId("e", 1);
      assertThat(
              SseDecision.allow(dev.eventbroker.Authorized.principal("ann").asOf(earlier))
                  .asOf(asked.element())
                  .authorized()
                  .asOf())
          .as("who knows better is believed")
          .contains(earlier);
      assertThat(decision).isNotDone();
    }
  }

  @Test
  void rule24TheHeadIsOnTheWireInTheTurnInWhichTheDecisionWasMade() {
    try (TimedStream stream = new TimedStream(options -> options)) {
      stream.channel.writeInbound(
          io.netty.buffer.Unpooled.copiedBuffer(
              "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n",
              java.nio.charset.StandardCharsets.ISO_8859_1));

      // No timer was turned, and nothing was published.
      assertThat(stream.sent()).startsWith("HTTP/1.1 200 OK\r\n").contains(": connected\n\n\r\n");
    }
  }

  @Test
  void rule27SocketsDoNotWaitForMoreAndABatchIsOneFlush() {
    BlockingQueue<Boolean> noDelay = new LinkedBlockingQueue<>();
    try (RunningServer running =
            RunningServer.start(
                broker -> broker,
                options -> options,
                pipeline ->
                    noDelay.add(pipeline.channel().config().getOption(ChannelOption.TCP_NODELAY)));
        RawClient client = running.connect().open("/events?topic=a")) {
      assertThat(client).isNotNull();
      assertThat(RunningServer.next(noDelay)).isTrue();
    }
    CountingFlushes flushes = new CountingFlushes();
    try (TimedStream stream = new TimedStream(options -> options)) {
      stream.channel.pipeline().addFirst(flushes);
      stream.open();
      stream.sent();
      flushes.count = 0;
      for (int i = 0; i < 50; i++) {
        var unused = stream.broker.publish(Event.of(Topic.of("a"), "moved", "n" + i));
      }
      stream.channel.runPendingTasks();

      assertThat(stream.sent()).contains("data: n0\n").contains("data: n49\n");
      assertThat(flushes.count).isOne();
    }
  }

  private static final class CountingFlushes
      extends io.netty.channel.ChannelOutboundHandlerAdapter {

    private int count;

    @Override
    public void flush(io.netty.channel.ChannelHandlerContext ctx) {
      count++;
      ctx.flush();
    }
  }
}
