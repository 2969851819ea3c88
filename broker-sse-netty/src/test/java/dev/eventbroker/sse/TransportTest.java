package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.eventbroker.CloseReason;
import dev.eventbroker.EventId;
import java.time.Duration;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The same server on every transport there is; one that is not there shows as skipped. */
class TransportTest {

  @ParameterizedTest
  @ValueSource(strings = {"NIO", "epoll", "io_uring"})
  void eventsComeAndTheEndIsClean(String name) {
    SseTransport transport = requireTransport(name);
    try (RunningServer running = on(transport, options -> options);
        RawClient client = running.connect().open("/events?topic=a")) {
      client.readChunk();
      for (int i = 0; i < 100; i++) {
        EventId id = running.publish("a", "n" + i);
        assertThat(client.readChunk())
            .isEqualTo("id: " + id + "\nevent: moved\ndata: n" + i + "\n\n");
      }

      running.server.close();

      assertThat(client.readChunk()).matches("retry: [0-9]+\n\n");
      assertThat(client.readChunk()).isEmpty();
      assertThat(client.isEnded()).isTrue();
      running.awaitNobody();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"NIO", "epoll", "io_uring"})
  void rule28WhoGoesWithOrWithoutAGoodbyeIsGoneWithoutAWrite(String name) {
    SseTransport transport = requireTransport(name);
    // Nothing is written for an hour, and nothing is looked at for a year.
    try (RunningServer running =
        on(
            transport,
            options -> options.heartbeat(Duration.ofHours(1)).stallTimeout(Duration.ofDays(20)))) {
      RawClient polite = running.connect().open("/events?topic=a");
      polite.readChunk();
      polite.goodbye();
      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.DISCONNECTED);

      RawClient rude = running.connect().open("/events?topic=a");
      rude.readChunk();
      rude.reset();
      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.DISCONNECTED);
      running.awaitNobody();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"NIO", "epoll", "io_uring"})
  void rule28WhoStopsReadingIsClosedAndNobodyElseIs(String name) {
    SseTransport transport = requireTransport(name);
    try (RunningServer running =
            on(transport, options -> options.stallTimeout(Duration.ofMillis(300)));
        RawClient stopped = RawClient.connect(running.server.localAddress(), 8 * 1024);
        RawClient reading = running.connect()) {
      stopped.open("/events?topic=a");
      reading.open("/events?topic=b");
      reading.readChunk();

      while (running.closedConnections.isEmpty()) {
        running.publish("a", "x".repeat(100_000));
        Thread.onSpinWait();
      }

      assertThat(RunningServer.next(running.closedConnections).code()).isEqualTo("stalled");
      running.publish("b", "still here");
      String seen = reading.readChunk();
      while (!seen.contains("still here")) {
        seen = reading.readChunk();
      }
      assertThat(running.broker.stats().connections().open()).isOne();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"NIO", "epoll", "io_uring"})
  void whatItIsSaidOnceWhenTheServerStarts(String name) {
    SseTransport transport = requireTransport(name);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(SseServer.class);
    logged.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(logged);
    try (RunningServer running = on(transport, options -> options);
        RawClient client = running.connect().open("/events?topic=a")) {
      assertThat(client).isNotNull();
      assertThat(logged.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly("listening on " + running.server.localAddress() + " with " + name);
    } finally {
      logger.detachAppender(logged);
      logger.setAdditive(true);
      logger.setLevel(null);
    }
  }

  private static RunningServer on(
      SseTransport transport, UnaryOperator<SseEndpoint.Builder> options) {
    return RunningServer.startServer(options, server -> server.transport(transport));
  }

  private static SseTransport requireTransport(String name) {
    SseTransport transport = SseTransport.valueOf(name.toUpperCase(Locale.ROOT));
    assumeTrue(transport.isAvailable(), () -> name + " is not available on this machine");
    return transport;
  }
}
