package dev.eventbroker.examples.board;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a connection whose client keeps to no rule. */
class BoardHandlerTest {

  private static final String SLOW = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";

  private final Queue<Runnable> blocking = new ArrayDeque<>();
  private final List<String> asked = new ArrayList<>();
  private final FullSocket socket = new FullSocket();
  private final EmbeddedChannel channel =
      new EmbeddedChannel(
          socket,
          new HttpServerCodec(),
          new JsonAggregator(),
          new BoardHandler(
              request -> {
                asked.add(request.uri());
                return Reply.json(200, "{}");
              },
              blocking::add));

  @AfterEach
  void release() {
    channel.finishAndReleaseAll();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /x HTTP/1.1\r\nHost x\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
      })
  void aRequestThatIsNotHttpIsTheLastOneForNothingBehindItCanBeRead(String request) {
    receive(request);
    work();

    assertThat(sent())
        .startsWith("HTTP/1.1 400 ")
        .containsIgnoringCase("connection: close\r\n")
        .contains("{\"error\":\"bad_request\",\"detail\":\"");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void aBodyThatIsTooLargeIsToldInItsTurn() {
    receive(SLOW);
    receive("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
    work();

    assertThat(sent()).startsWith("HTTP/1.1 200 OK\r\n").contains("{}HTTP/1.1 413 ");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void whoAsksWhetherABodyMayBeTooLargeIsToldWithTheReason() {
    receive(
        "POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
    work();

    assertThat(sent()).startsWith("HTTP/1.1 413 ").contains("{\"error\":\"too_large\",");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void anExpectationThatNobodyKnowsIsNotWaitedFor() {
    receive("POST /x HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 2\r\n\r\n{}");
    work();

    assertThat(sent()).startsWith("HTTP/1.1 200 OK\r\n");
  }

  @Test
  void whatIsBehindTheLastRequestIsNotDone() {
    socket.isFull = true;
    receive("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    receive("GET /behind HTTP/1.1\r\nHost: x\r\n\r\n");
    work();

    assertThat(asked).containsExactly("/last");
    socket.isFull = false;
    channel.flush();
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void anHttp10ClientThatWantsToStayIsToldThatItMay() {
    receive("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    work();

    assertThat(sent()).containsIgnoringCase("connection: keep-alive\r\n");
    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void theAnswersThatWaitForAClientThatNeverReadsAreBounded() {
    socket.isFull = true;

    for (int i = 0; i < 5_000 && channel.isOpen(); i++) {
      receive(SLOW);
      work();
    }

    long waiting =
        channel.isOpen() ? channel.unsafe().outboundBuffer().totalPendingWriteBytes() : 0;
    assertThat(waiting).isLessThan(2L * channel.config().getWriteBufferHighWaterMark());
    socket.isFull = false;
    channel.flush();
    assertThat(channel.isOpen()).isFalse();
  }

  private void receive(String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
    channel.runPendingTasks();
  }

  private void work() {
    for (Runnable task = blocking.poll(); task != null; task = blocking.poll()) {
      task.run();
      channel.runPendingTasks();
    }
  }

  private String sent() {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    return text.toString();
  }

  /** A socket whose buffers may be full, because nobody reads at its other end. */
  private static final class FullSocket extends ChannelOutboundHandlerAdapter {

    boolean isFull;

    @Override
    public void flush(ChannelHandlerContext ctx) {
      if (!isFull) {
        ctx.flush();
      }
    }
  }
}
