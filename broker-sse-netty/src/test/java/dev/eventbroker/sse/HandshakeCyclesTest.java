package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** Five thousand clients that open and close at random points of the handshake. */
class HandshakeCyclesTest {

  private static final int CYCLES = 5_000;
  private static final String REQUEST =
      "GET /events?topic=a HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";

  @Test
  void whereverAClientGivesUpNothingStaysRegistered() {
    SplittableRandom random = new SplittableRandom(7);
    ExecutorService elsewhere = Executors.newFixedThreadPool(2);
    SseAuthorizer authorizer =
        request ->
            CompletableFuture.supplyAsync(
                () -> SseDecision.allow(dev.eventbroker.Authorized.principal("ann")).owner("desk"),
                elsewhere);
    try (RunningServer running =
        RunningServer.start(
            options ->
                options
                    .authorizer(authorizer)
                    .limits(
                        SseLimits.defaults().withPerAddress(100_000).withPerPrincipal(100_000)))) {
      for (int i = 0; i < CYCLES; i++) {
        cycle(running, random);
      }
      running.awaitNobody();
      assertThat(running.closedConnections).hasSize(running.opened.get());
    } finally {
      elsewhere.shutdown();
    }
  }

  private static void cycle(RunningServer running, SplittableRandom random) {
    RawClient client = running.connect();
    int sent = random.nextInt(REQUEST.length() + 20);
    if (sent > 0) {
      client.send(REQUEST.substring(0, Math.min(sent, REQUEST.length())));
    }
    if (sent >= REQUEST.length()) {
      int read = random.nextInt(3);
      if (read > 0) {
        client.readHead();
      }
      if (read > 1) {
        client.readChunk();
      }
    }
    if (random.nextBoolean()) {
      client.reset();
    } else {
      client.goodbye();
    }
  }
}
