package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class AuthorizerTest {

  @Test
  void itSeesWhatTheClientAsksFor() {
    BlockingQueue<SseRequest> seen = new LinkedBlockingQueue<>();
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options.authorizer(
                        request -> {
                          seen.add(request);
                          return CompletableFuture.completedStage(
                              SseDecision.refuse(403, "not \"you\""));
                        }));
        RawClient client = running.connect()) {
      client.get("/events?topic=a&ws=1&topic=b/*&ws=2", "X-Token: t", "Last-Event-ID: e.1");

      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 403 Forbidden\r\n")
          .endsWith("{\"error\":\"forbidden\",\"detail\":\"not \\\"you\\\"\"}");
      SseRequest request = RunningServer.next(seen);
      assertThat(request.filters()).extracting(Object::toString).containsExactly("a", "b/*");
      assertThat(request.parameter("ws")).contains("1");
      assertThat(request.parameters()).containsEntry("ws", List.of("1", "2"));
      assertThat(request.parameter("none")).isEmpty();
      assertThat(request.header("x-token")).contains("t");
      assertThat(request.lastEventId()).contains("e.1");
      assertThat(request.remoteAddress().toString()).contains("127.0.0.1");
      running.assertNothingIsLeft();
    }
  }

  @Test
  void aDecisionFromAnotherThreadOpensTheStream() {
    CompletableFuture<SseDecision> decision = new CompletableFuture<>();
    BlockingQueue<SseRequest> asked = new LinkedBlockingQueue<>();
    try (RunningServer running = asking(asked, decision);
        RawClient client = running.connect()) {
      client.get("/events?topic=a");
      RunningServer.next(asked);
      running.assertNothingIsLeft();

      decision.complete(SseDecision.allow(Authorized.principal("ann")).owner("desk"));

      assertThat(client.readHead()).startsWith("HTTP/1.1 200 OK");
      client.readChunk();
      assertThat(running.broker.connections().owners()).containsExactly("desk");
      assertThat(running.broker.connections().principals()).containsExactly("ann");
    }
  }

  @Test
  void aClientThatIsGoneByThenLeavesNothingBehind() {
    CompletableFuture<SseDecision> decision = new CompletableFuture<>();
    BlockingQueue<SseRequest> asked = new LinkedBlockingQueue<>();
    BlockingQueue<Channel> gone = new LinkedBlockingQueue<>();
    try (RunningServer running =
        RunningServer.start(
            broker -> broker,
            options ->
                options.authorizer(
                    request -> {
                      asked.add(request);
                      return decision;
                    }),
            pipeline ->
                pipeline.channel().closeFuture().addListener(f -> gone.add(pipeline.channel())))) {
      RawClient client = running.connect();
      client.get("/events?topic=a");
      RunningServer.next(asked);
      client.reset();
      RunningServer.next(gone);
      try (RawClient other = running.connect()) {
        other.get("/events?topic=a");
        RunningServer.next(asked);
        decision.complete(SseDecision.allow(Authorized.principal("ann")));
        other.readHead();
        other.readChunk();
      }
      running.awaitClosed();
      running.assertNothingIsLeft();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"throws", "fails", "null stage", "null decision", "error"})
  void oneThatFailsLetsNobodyInButTheBrowserComesBackAndItIsWarnedAbout(String how) {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(SseEndpoint.class);
    logged.start();
    logger.addAppender(logged);
    logger.setAdditive(false);
    SseAuthorizer failing =
        request ->
            switch (how) {
              case "throws" -> throw new IllegalStateException("secret");
              case "fails" -> CompletableFuture.failedStage(new IllegalStateException("secret"));
              case "null stage" -> null;
              case "null decision" -> CompletableFuture.completedStage(null);
              default -> throw new AssertionError("secret");
            };
    try (RunningServer running = RunningServer.start(options -> options.authorizer(failing));
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Accept: text/event-stream");

      assertToldToComeBack(client);
      running.assertNothingIsLeft();
      assertThat(logged.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
    }
    try (RunningServer running = RunningServer.start(options -> options.authorizer(failing));
        RawClient client = running.connect()) {
      client.request("HEAD", "/events?topic=a");

      assertThat(client.readHead()).startsWith("HTTP/1.1 503 ");
      client.get("/events?topic=a", "Accept: */*");
      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 503 ")
          .containsIgnoringCase("retry-after: ");
    } finally {
      logger.setAdditive(true);
      logger.detachAppender(logged);
    }
  }

  @Test
  void oneThatDoesNotDecideInTimeLetsNobodyInButTheBrowserComesBack() {
    Logger logger = (Logger) LoggerFactory.getLogger(SseEndpoint.class);
    logger.setLevel(Level.OFF);
    CompletableFuture<SseDecision> decision = new CompletableFuture<>();
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options
                        .authorizer(request -> decision)
                        .authorizeTimeout(Duration.ofMillis(20)));
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Accept: text/event-stream");

      assertToldToComeBack(client);
      decision.complete(SseDecision.allow(Authorized.principal("ann")));
      running.assertNothingIsLeft();
    } finally {
      logger.setLevel(null);
    }
  }

  @Test
  void stayAwayIs204WithoutABody() {
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options.authorizer(
                        request ->
                            CompletableFuture.completedStage(SseDecision.refuse(204, "gone"))));
        RawClient client = running.connect()) {
      client.get("/events?topic=a");

      assertThat(client.readAnswer()).startsWith("HTTP/1.1 204 No Content\r\n");
    }
  }

  @Test
  void badOptionsAreToldAtOnce() {
    try (Broker broker = new BrokerBuilder().build()) {
      SseEndpoint.Builder builder = SseEndpoint.builder(broker);

      assertThatThrownBy(() -> builder.heartbeat(Duration.ZERO))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("heartbeat: PT0S (expected: > 0");
      assertThatThrownBy(() -> builder.retry(Duration.ofMillis(249)))
          .hasMessage("retry: PT0.249S (expected: PT0.25S to PT24H)");
      assertThatThrownBy(() -> SseLimits.defaults().withFilters(101))
          .hasMessage("filters: 101 (expected: 1 to 100)");
      assertThatThrownBy(() -> SseLimits.defaults().withPerAddress(0))
          .hasMessage("perAddress: 0 (expected: > 0)");
      assertThatThrownBy(() -> builder.path("events")).hasMessageStartingWith("path: events (");
      assertThatThrownBy(builder::build).hasMessage("authorizer: none (expected: one)");
      assertThatThrownBy(() -> SseDecision.refuse(200, ""))
          .hasMessage("status: 200 (expected: 204 or 400 to 599)");
    }
  }

  /** Rule 19: any status but 200 is final to a browser, and the failure is not its own. */
  private static void assertToldToComeBack(RawClient client) {
    assertThat(client.readHead())
        .startsWith("HTTP/1.1 200 OK\r\n")
        .containsIgnoringCase("content-type: text/event-stream; charset=utf-8\r\n");
    assertThat(client.readChunk()).matches("retry: [0-9]+\n: not now\n\n");
    assertThat(client.readChunk()).isEmpty();
    assertThat(client.isEnded()).isTrue();
  }

  private static RunningServer asking(
      BlockingQueue<SseRequest> asked, CompletableFuture<SseDecision> decision) {
    return RunningServer.start(
        options ->
            options.authorizer(
                request -> {
                  asked.add(request);
                  return decision;
                }));
  }
}
