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
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The same server on every transport there is; one that is not there shows as skipped. */
class TransportTest {

  private static final Set<String> NOT_READING = Set.of("stalled", "disconnected");

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
  void rule28WhoGoesWithOrWithoutAGoodbyeIsGoneWithoutAWriteOrATimer(String name) {
    SseTransport transport = requireTransport(name);
    // Whatever takes its time takes an hour: nothing but the client's end can be what is seen.
    Duration hour = Duration.ofHours(1);
    try (RunningServer running =
        RunningServer.startServer(
            options ->
                options
                    .heartbeat(hour)
                    .stallTimeout(hour)
                    .maxLifetime(hour.multipliedBy(2))
                    .authorizeTimeout(hour),
            server -> server.transport(transport).requestTimeout(hour))) {
      opened(running).goodbye();
      assertDisconnected(running);

      opened(running).reset();
      assertDisconnected(running);

      RawClient listening = opened(running);
      listening.lastWord();
      assertDisconnected(running);
      assertThat(listening.readToEnd()).as("what was written at its end").isEmpty();
      running.awaitNobody();
    }
  }

  private static RawClient opened(RunningServer running) {
    RawClient client = running.connect().open("/events?topic=a");
    client.readChunk();
    return client;
  }

  private static void assertDisconnected(RunningServer running) {
    assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.DISCONNECTED);
    assertThat(RunningServer.next(running.closedSubscriptions)).isEqualTo(CloseReason.DISCONNECTED);
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

      // Where the kernel has the same timeout for unacknowledged bytes, it may be first.
      assertThat(RunningServer.next(running.closedConnections).code())
          .isIn(
              transport.found().orElseThrow().userTimeout().isPresent()
                  ? NOT_READING
                  : Set.of("stalled"));
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
