package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/**
 * Bytes that nobody should send: valid requests with a few bytes changed, noise, one request in the
 * other, cut anywhere, ended in every way. Nothing of it may reach the log, and nothing may remain.
 */
class FuzzTest {

  private static final int CONNECTIONS = 400;

  private static final String[] SEEDS = {
    "GET /events?topic=a HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n",
    "GET /events?topic=a/*&topic=b HTTP/1.1\r\nHost: x\r\nLast-Event-ID: e.1\r\n\r\n",
    "GET /events?topic=a HTTP/1.0\r\n\r\n",
    "HEAD /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n",
    String.join(
        "\r\n",
        "OPTIONS /events HTTP/1.1",
        "Host: x",
        "Origin: https://a.example",
        "Access-Control-Request-Method: GET",
        "",
        ""),
    String.join(
        "\r\n",
        "POST /events?topic=a HTTP/1.1",
        "Host: x",
        "Transfer-Encoding: chunked",
        "",
        "5",
        "hello",
        "0",
        "",
        ""),
    "POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\5\1\5\0\0\0\1\202\204\206\1\0"
  };

  @ParameterizedTest
  @CsvSource({"false, 1", "false, 2", "true, 3", "true, 4"})
  void nothingThatIsSentReachesTheLogOrRemains(boolean http2, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    logged.start();
    root.addAppender(logged);
    UnaryOperator<SseServer.Builder> server = http2 ? SseServer.Builder::http2 : same -> same;
    try (RunningServer running =
        RunningServer.startServer(
            options -> options.cors(SseCors.origins("https://a.example")), server)) {
      for (int i = 0; i < CONNECTIONS; i++) {
        attack(running, random);
        running.publish("a", "n" + i);
      }
      running.awaitNobody();
      try (RawClient polite = running.connect()) {
        polite.open("/events?topic=a");
      }
    } finally {
      root.detachAppender(logged);
    }
    assertThat(logged.list)
        .as("what got into the log")
        .noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.ERROR))
        .filteredOn(event -> event.getLoggerName().startsWith("dev.eventbroker"))
        .isEmpty();
  }

  private static void attack(RunningServer running, SplittableRandom random) {
    byte[] bytes = hostile(random);
    try (Socket socket = new Socket()) {
      socket.connect(running.server.localAddress(), 60_000);
      socket.setSoTimeout(60_000);
      socket.setTcpNoDelay(true);
      int at = 0;
      while (at < bytes.length) {
        int length = Math.min(bytes.length - at, 1 + random.nextInt(1 + random.nextInt(200)));
        socket.getOutputStream().write(bytes, at, length);
        at += length;
      }
      switch (random.nextInt(4)) {
        case 0 -> socket.setSoLinger(true, 0);
        case 1 -> {
          socket.shutdownOutput();
          // Whatever the answer is, it ends: who has said its last word gets no stream.
          var unused = socket.getInputStream().readAllBytes();
        }
        default -> {}
      }
    } catch (SocketTimeoutException e) {
      throw new AssertionError("neither an answer nor an end", e);
    } catch (IOException e) {
      assertThat(e).as("the server may close at any point").isNotNull();
    }
  }

  private static byte[] hostile(SplittableRandom random) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int parts = 1 + random.nextInt(3);
    for (int i = 0; i < parts; i++) {
      byte[] part =
          random.nextInt(8) == 0
              ? noise(random)
              : SEEDS[random.nextInt(SEEDS.length)].getBytes(ISO_8859_1);
      bytes.writeBytes(random.nextInt(5) == 0 ? part : mutated(part, random));
    }
    byte[] all = bytes.toByteArray();
    return random.nextInt(4) == 0 ? Arrays.copyOf(all, random.nextInt(all.length + 1)) : all;
  }

  private static byte[] noise(SplittableRandom random) {
    byte[] noise = new byte[random.nextInt(2_000)];
    random.nextBytes(noise);
    return noise;
  }

  private static byte[] mutated(byte[] valid, SplittableRandom random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte b : valid) {
      switch (random.nextInt(60)) {
        case 0 -> out.write(random.nextInt(256));
        case 1 -> {
          out.write(b);
          out.write(b);
        }
        case 2 -> {
          // left out
        }
        case 3 -> out.writeBytes("\r\n".getBytes(ISO_8859_1));
        default -> out.write(b);
      }
    }
    return out.toByteArray();
  }
}
