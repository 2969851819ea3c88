package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Who is one too many is sent away; who is there stays. */
class LimitsTest {

  private static final String EVENT_SOURCE = "Accept: text/event-stream";

  @Test
  void rule19AnEventSourceBeyondALimitIsToldToComeBackAndTheOthersStay() {
    try (RunningServer running = limited(limits -> limits.withStreams(2));
        RawClient one = running.connect().open("/events?topic=a");
        RawClient two = running.connect().open("/events?topic=a");
        RawClient three = running.connect()) {
      one.readChunk();
      two.readChunk();

      three.get("/events?topic=a", EVENT_SOURCE);

      assertThat(three.readHead()).startsWith("HTTP/1.1 200 OK\r\n");
      assertThat(three.readChunk()).matches("retry: [0-9]+\n: not now\n\n");
      assertThat(three.readChunk()).isEmpty();
      assertThat(three.isEnded()).isTrue();
      running.publish("a", "for those who are in");
      assertThat(one.readChunk()).contains("those who are in");
      assertThat(two.readChunk()).contains("those who are in");
    }
  }

  @Test
  void whoIsNoEventSourceIsTold503AndWhen() {
    try (RunningServer running = limited(limits -> limits.withStreams(1));
        RawClient one = running.connect().open("/events?topic=a");
        RawClient two = running.connect()) {
      two.get("/events?topic=a", "Accept: */*");

      assertThat(two.readAnswer())
          .startsWith("HTTP/1.1 503 ")
          .containsPattern("(?i)retry-after: [0-9]+\r\n")
          .contains("too many streams");
      one.goodbye();
      RunningServer.until("room", running.endpoint::isIdle);
      two.open("/events?topic=a");
    }
  }

  @Test
  void aPrincipalHasItsOwnLimit() {
    SseAuthorizer byName =
        request ->
            CompletableFuture.completedStage(
                SseDecision.allow(Authorized.principal(request.parameter("as").orElseThrow())));
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options.authorizer(byName).limits(SseLimits.defaults().withPerPrincipal(1)));
        RawClient ann = running.connect().open("/events?topic=a&as=ann");
        RawClient annAgain = running.connect();
        RawClient bob = running.connect().open("/events?topic=a&as=bob")) {
      annAgain.get("/events?topic=a&as=ann");
      assertThat(annAgain.readAnswer()).startsWith("HTTP/1.1 503 ");
      assertThat(bob).isNotNull();

      ann.goodbye();
      RunningServer.until("ann has gone", () -> running.broker.stats().connections().open() == 1);
      RunningServer.until("and is counted out", () -> running.endpoint.streams() == 1);
      annAgain.open("/events?topic=a&as=ann");
    }
  }

  @Test
  void anAddressIsWhatTheHostSaysItIs() {
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options
                        .address(request -> request.header("X-Client").orElseThrow())
                        .limits(SseLimits.defaults().withPerAddress(1)));
        RawClient one = running.connect().open("/events?topic=a", "X-Client: 1");
        RawClient two = running.connect().open("/events?topic=a", "X-Client: 2");
        RawClient three = running.connect()) {
      assertThat(one).isNotSameAs(two);
      three.get("/events?topic=a", "X-Client: 1");

      assertThat(three.readAnswer()).startsWith("HTTP/1.1 503 ");
      three.open("/events?topic=a", "X-Client: 3");
    }
  }

  @Test
  void whoIsNotDecidedAboutYetTakesAPlaceAndGivesItBack() {
    BlockingQueue<SseRequest> asked = new LinkedBlockingQueue<>();
    CompletableFuture<SseDecision> never = new CompletableFuture<>();
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options
                        .authorizer(
                            request -> {
                              asked.add(request);
                              return never;
                            })
                        .limits(SseLimits.defaults().withPerAddress(1)));
        RawClient one = running.connect();
        RawClient two = running.connect()) {
      one.get("/events?topic=a");
      RunningServer.next(asked);
      two.get("/events?topic=a");
      assertThat(two.readAnswer()).startsWith("HTTP/1.1 503 ");

      one.reset();
      RunningServer.until("the place is free", running.endpoint::isIdle);
      assertThat(asked).isEmpty();
    }
  }

  @Test
  void whoWasRefusedTakesNoPlaceHoweverLongTheRestOfItsRequestTakes() {
    SseAuthorizer byName =
        request ->
            CompletableFuture.completedStage(
                request
                    .parameter("as")
                    .<SseDecision>map(name -> SseDecision.allow(Authorized.principal(name)))
                    .orElseGet(() -> SseDecision.refuse(403, "nobody")));
    try (RunningServer running =
            RunningServer.start(
                options -> options.authorizer(byName).limits(SseLimits.defaults().withStreams(1)));
        RawClient refused = running.connect();
        RawClient next = running.connect()) {
      refused.get("/events?topic=a", "Content-Length: 1");
      assertThat(refused.readAnswer()).startsWith("HTTP/1.1 403 ");

      next.open("/events?topic=a&as=ann");
    }
  }

  @Test
  void anAddressThatTheHostCanNotTellLeavesNobodyCountedIn() {
    try (RunningServer running =
            RunningServer.start(options -> options.address(LimitsTest::addressOfNobody));
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Accept: */*");

      assertThat(client.readAnswer()).startsWith("HTTP/1.1 503 ");
      assertThat(running.endpoint.streams()).isZero();
    }
  }

  @SuppressWarnings("NullAway") // as a host does that does not check what it compiles
  private static String addressOfNobody(SseRequest request) {
    return null;
  }

  @Test
  void aLimitOfTheBrokerIsALimitToo() {
    try (RunningServer running = RunningServer.start()) {
      Broker full = FullBroker.around(running.broker);
      SseEndpoint endpoint =
          SseEndpoint.builder(full).authorizer(SseAuthorizer.everybodyAs("ann")).build();
      try (SseServer server = FullBroker.serve(endpoint);
          RawClient client = RawClient.connect(server.localAddress())) {
        client.get("/events?topic=a", EVENT_SOURCE);

        assertThat(client.readHead()).startsWith("HTTP/1.1 200 OK\r\n");
        assertThat(client.readChunk()).matches("retry: [0-9]+\n: not now\n\n");
        RunningServer.until("nobody is counted in", endpoint::isIdle);
      }
    }
  }

  @Test
  void aRequestMayNotBeLongerThanSaid() {
    try (RunningServer running = limited(limits -> limits.withRequestBytes(300));
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "X: " + "x".repeat(300));
      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 431 ")
          .contains("bytes (expected: at most 300)");

      client.get("/events?topic=" + "a".repeat(300));
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 431 ");
      client.open("/events?topic=a");
    }
  }

  @Test
  void aDrainedEndpointEndsItsStreamsAndTellsNewcomersToComeBack() {
    try (RunningServer running = RunningServer.start();
        RawClient one = running.connect().open("/events?topic=a");
        RawClient late = running.connect()) {
      one.readChunk();

      var drained = running.endpoint.drain().toCompletableFuture();

      assertThat(one.readChunk()).matches("retry: [0-9]+\n\n");
      assertThat(one.readChunk()).isEmpty();
      assertThat(one.isEnded()).isTrue();
      drained.join();
      late.get("/events?topic=a", EVENT_SOURCE);
      late.readHead();
      assertThat(late.readChunk()).contains(": not now");
      running.awaitNobody();
    }
  }

  private static RunningServer limited(UnaryOperator<SseLimits> limits) {
    return RunningServer.start(options -> options.limits(limits.apply(SseLimits.defaults())));
  }
}
