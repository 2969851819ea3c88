package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.SourceStatus;
import dev.eventbroker.pg.socket.OwnedSockets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * "Each SSE request opened its own LISTEN connection; end() hung on abrupt closes, so idle LISTEN
 * backends piled up until the pool was full."
 */
class IncidentETest {

  private String schema;
  private FaultProxy proxy;
  private Leftovers before;

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
    proxy = new FaultProxy(TestDatabase.port());
    before = new Leftovers();
  }

  @AfterEach
  void closeProxy() {
    proxy.close();
  }

  @Test
  void fiveHundredSubscriptionsListenOverOneConnection() throws Exception {
    Node node = Node.on(schema);
    List<Node.Received> all = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      all.add(node.subscribe());
    }

    node.publish("for all");
    all.forEach(received -> received.await(1));

    assertThat(TestDatabase.backends(node.backplane.name() + "-listener")).isEqualTo(1);
    assertThat(TestDatabase.backends(node.backplane.name())).isEqualTo(2);
    node.close();
    assertNothingIsLeftOf(node.backplane);
  }

  @Row(34)
  @Test
  void aHundredStartsAndClosesLeaveNothing() throws Exception {
    for (int i = 0; i < 100; i++) {
      // So long that a close which is only slow, on a busy machine, is not one by force.
      Node node =
          Node.on(
              schema, TestDatabase.url(), builder -> builder.closeTimeout(Duration.ofSeconds(60)));
      node.close();
      assertThat(node.backplane.status().detail()).isEqualTo("closed");
    }

    before.assertNoneOf("eventbroker-", () -> TestDatabase.backends("eventbroker-"));
  }

  @Row(10)
  @Test
  void closeEndsWhileThePeerIsFrozenAndTheWriterIsStuck() throws Exception {
    assertCloseEndsWithAStuckWriter(TestDatabase.url(proxy.port()));
  }

  /** Over TLS even the driver's abort waits for the writer. */
  @Row(10)
  @Test
  void closeEndsWithAStuckWriterOverTlsToo() throws Exception {
    assertCloseEndsWithAStuckWriter(TestDatabase.tlsUrl(proxy.port()));
  }

  private void assertCloseEndsWithAStuckWriter(String url) throws Exception {
    // No poll comes between, which would wait for an answer instead of writing.
    Node node =
        Node.on(
            schema,
            url,
            builder -> builder.pollInterval(Duration.ofMinutes(1)).maxDataLength(100 << 20));
    String worker = node.backplane.name() + "-worker";
    Await.until("the worker rests", () -> isIn(worker, "awaitNanos"));
    proxy.blackhole();

    // Far more than socket buffers take.
    var publish = node.backplane.publish(Node.event("x".repeat(30 << 20)));
    Await.until("the worker writes", () -> isIn(worker, "implWrite"));
    Await.of(Await.async(node.backplane::close));

    assertThat(node.backplane.status().detail())
        .isEqualTo("closed by force: a connection did not answer");
    assertThat(publish.toCompletableFuture())
        .failsWithin(Duration.ofSeconds(60))
        .withThrowableThat()
        .withCauseInstanceOf(OutcomeUnknownException.class);
    assertThat(OwnedSockets.claimed()).isZero();
    // Only the proxy still holds the server's end.
    proxy.close();
    assertNothingIsLeftOf(node.backplane);
    node.close();
  }

  @Row(11)
  @Test
  void closeEndsWhileTheConnectionIsBeingMade() throws Exception {
    proxy.blackholeNew(true);
    PgBackplane backplane =
        PgBackplane.builder(TestDatabase.url(proxy.port())).schema(schema).build();
    CompletableFuture<Void> start = Await.async(() -> backplane.start(new NoInbound()));
    Await.until("connecting", () -> OwnedSockets.claimed() > 0);

    Await.of(Await.async(backplane::close));

    assertThat(OwnedSockets.claimed()).isZero();
    assertThat(start).failsWithin(Duration.ofSeconds(60));
    proxy.close();
    assertNothingIsLeftOf(backplane);
  }

  @Row(11)
  @Test
  void closeEndsWhileItWaitsToReconnect() throws Exception {
    Node node = Node.hurried(schema, proxy.port());
    proxy.close();
    Await.until("lost", () -> node.backplane.status().state() == SourceStatus.State.CONNECTING);

    Await.of(Await.async(node.backplane::close));

    assertNothingIsLeftOf(node.backplane);
    node.close();
  }

  private static boolean isIn(String threadName, String method) {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(entry -> entry.getKey().getName().equals(threadName))
        .flatMap(entry -> Stream.of(entry.getValue()))
        .anyMatch(frame -> frame.getMethodName().equals(method));
  }

  private void assertNothingIsLeftOf(PgBackplane backplane) {
    before.assertNoneOf(backplane.name(), () -> TestDatabase.backends(backplane.name()));
  }
}
