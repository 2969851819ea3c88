package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An SSE handler sent no headers until its first event, so clients hung; it noticed disconnects
 * through a deprecated, unreliable signal; its pattern filter accepted anything.
 */
class IncidentCTest {

  @Test
  void headersAndTheFirstBytesAreThereThoughNothingWasEverPublished() {
    try (RunningServer running = RunningServer.start();
        RawClient client = running.connect()) {
      client.get("/events?topic=board/*");

      assertThat(client.readHead())
          .startsWith("HTTP/1.1 200 OK\r\n")
          .containsIgnoringCase("content-type: text/event-stream; charset=utf-8\r\n");
      assertThat(client.readChunk()).matches("retry: [0-9]+\n: connected\n\n");
      assertThat(running.broker.stats().events().published()).isZero();
    }
  }

  @Test
  void theFirstBytesDoNotWaitForAStateThatIsNeverLoadedNorForAHeartbeat() {
    SnapshotSource<String> stuck =
        new SnapshotSource<>() {
          @Override
          public Snapshot load(String authorized, Duration timeout) {
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return fallback(authorized);
          }

          @Override
          public Snapshot fallback(String authorized) {
            return Snapshot.of("board", authorized);
          }
        };
    SseDecision decision = SseDecision.allow(Authorized.principal("ann")).snapshot(stuck);
    try (RunningServer running =
            RunningServer.start(
                broker -> broker.snapshotTimeout(Duration.ofHours(1)),
                options ->
                    options
                        .heartbeat(Duration.ofHours(1))
                        .authorizer(request -> CompletableFuture.completedStage(decision)),
                pipeline -> {});
        RawClient client = running.connect()) {
      client.open("/events?topic=a");
    }
  }

  @Test
  void aClientThatSaysGoodbyeIsUnregisteredWithoutAnythingBeingWritten() {
    try (RunningServer running = RunningServer.start();
        RawClient client = running.connect()) {
      client.open("/events?topic=**");

      client.goodbye();

      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.DISCONNECTED);
      assertThat(RunningServer.next(running.closedSubscriptions))
          .isEqualTo(CloseReason.DISCONNECTED);
      running.assertNothingIsLeft();
      assertThat(running.broker.stats().events().delivered()).isZero();
    }
  }

  @Test
  void aClientThatVanishesIsUnregisteredWithoutAnythingBeingWritten() {
    try (RunningServer running = RunningServer.start();
        RawClient client = running.connect()) {
      client.open("/events?topic=**");

      client.reset();

      running.awaitClosed();
      running.assertNothingIsLeft();
      assertThat(running.broker.stats().events().delivered()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "topic=",
        "topic=pro*",
        "topic=a/**/b",
        "topic=a//b",
        "topic=%00",
        "topic=%ED%A0%80",
        "topic=%zz",
        "topic=a&topic=***",
        "other=a",
        ""
      })
  void aBadFilterIsRefusedAndLeavesNothingBehind(String query) {
    AtomicInteger asked = new AtomicInteger();
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options.authorizer(
                        request -> {
                          asked.incrementAndGet();
                          return new CompletableFuture<>();
                        }));
        RawClient client = running.connect()) {
      client.get("/events?" + query);

      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 400 Bad Request\r\n")
          .contains("{\"error\":\"bad_request\",\"detail\":\"");
      assertThat(asked).hasValue(0);
      running.assertNothingIsLeft();
    }
  }
}
