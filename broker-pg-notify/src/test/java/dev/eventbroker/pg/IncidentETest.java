package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.SourceStatus;
import dev.eventbroker.pg.socket.OwnedSockets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
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

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
    proxy = new FaultProxy(TestDatabase.port());
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

  @Test
  void aHundredStartsAndClosesLeaveNothing() throws Exception {
    for (int i = 0; i < 100; i++) {
      Node node = Node.on(schema);
      node.close();
      assertThat(node.backplane.status().detail()).isEqualTo("closed");
    }

    Await.until("no backend", () -> TestDatabase.backends("eventbroker-") == 0);
    assertThat(OwnedSockets.claimed()).isZero();
    assertThat(threads("eventbroker-")).isEmpty();
  }

  @Test
  void closeEndsWhileThePeerIsFrozenAndTheWriterIsStuck() throws Exception {
    Node node = Node.on(schema, TestDatabase.url(proxy.port()), UnaryOperator.identity());
    proxy.blackhole();
    // Far more than socket buffers take, so that the worker is stuck in a write.
    String large = "x".repeat(1 << 20);
    for (int i = 0; i < 30; i++) {
      var unused = node.broker.publish(Node.event(large));
    }
    Await.until("the worker writes", () -> isInWrite(node.backplane.name() + "-worker"));

    Await.of(CompletableFuture.runAsync(node.backplane::close));

    assertThat(node.backplane.status())
        .isEqualTo(
            new SourceStatus(
                node.backplane.name(),
                SourceStatus.State.CLOSED,
                "closed by force: a connection did not answer"));
    assertThat(OwnedSockets.claimed()).isZero();
    assertThat(threads(node.backplane.name())).isEmpty();
    // Only the proxy still holds the server's end.
    proxy.close();
    assertNothingIsLeftOf(node.backplane);
    node.close();
  }

  @Test
  void closeEndsWhileTheConnectionIsBeingMade() throws Exception {
    proxy.blackhole();
    PgBackplane backplane =
        PgBackplane.builder(TestDatabase.url(proxy.port())).schema(schema).build();
    CompletableFuture<Void> start =
        CompletableFuture.runAsync(() -> backplane.start(new NoInbound()));
    Await.until("connecting", () -> OwnedSockets.claimed() > 0);

    Await.of(CompletableFuture.runAsync(backplane::close));

    assertThat(OwnedSockets.claimed()).isZero();
    assertThat(start).failsWithin(java.time.Duration.ofSeconds(5));
    proxy.close();
    assertNothingIsLeftOf(backplane);
  }

  @Test
  void closeEndsWhileItWaitsToReconnect() throws Exception {
    Node node = Node.hurried(schema, proxy.port());
    proxy.close();
    Await.until("lost", () -> node.backplane.status().state() == SourceStatus.State.CONNECTING);

    Await.of(CompletableFuture.runAsync(node.backplane::close));

    assertNothingIsLeftOf(node.backplane);
    node.close();
  }

  private static boolean isInWrite(String threadName) {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(entry -> entry.getKey().getName().equals(threadName))
        .flatMap(entry -> List.of(entry.getValue()).stream())
        .anyMatch(frame -> frame.getMethodName().equals("implWrite"));
  }

  private static void assertNothingIsLeftOf(PgBackplane backplane) {
    assertThat(threads(backplane.name())).isEmpty();
    assertThat(OwnedSockets.claimed()).isZero();
    Await.until("no backend", () -> TestDatabase.backends(backplane.name()) == 0);
  }

  private static List<String> threads(String prefix) {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith(prefix))
        .toList();
  }
}
