package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.eventbroker.CloseReason;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Rules 19 to 28 on raw bytes. */
class HttpRulesTest {

  private static final ListAppender<ILoggingEvent> LOGGED = new ListAppender<>();

  private static RunningServer running;

  @BeforeAll
  static void start() {
    LOGGED.start();
    rootLogger().addAppender(LOGGED);
    running = RunningServer.start(options -> options.limits(SseLimits.defaults().withFilters(3)));
  }

  @AfterAll
  static void stop() {
    running.close();
    rootLogger().detachAppender(LOGGED);
    // None of the hostile requests below is worth waking anybody.
    assertThat(LOGGED.list).isEmpty();
  }

  private static Logger rootLogger() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  /** Every test closes its client, and waits until the server has seen that. */
  @AfterEach
  void nothingIsLeft() {
    while (running.broker.stats().connections().open() > 0) {
      RunningServer.next(running.closedConnections);
    }
    while (running.broker.stats().subscriptions().open() > 0) {
      RunningServer.next(running.closedSubscriptions);
    }
    running.assertNothingIsLeft();
    running.closedConnections.clear();
    running.closedSubscriptions.clear();
  }

  @Test
  void rules19And25TheHeadIsAsTheContractSays() {
    try (RawClient client = running.connect()) {
      String head = client.get("/events?topic=a", "Accept-Encoding: gzip").readHead();

      assertThat(head.toLowerCase(Locale.ROOT))
          .startsWith("http/1.1 200 ok\r\n")
          .contains("content-type: text/event-stream; charset=utf-8\r\n")
          .contains("cache-control: no-cache, no-store, no-transform\r\n")
          .contains("x-accel-buffering: no\r\n")
          .contains("transfer-encoding: chunked\r\n")
          .doesNotContain("content-length", "etag", "content-encoding", "connection:");
    }
  }

  @Test
  void rule21HeadHasHeadersAndNoBodyAndTheConnectionGoesOn() {
    try (RawClient client = running.connect()) {
      client.request("HEAD", "/events?topic=a");

      assertThat(client.readHead())
          .startsWith("HTTP/1.1 200 OK\r\n")
          .containsIgnoringCase("content-type: text/event-stream; charset=utf-8\r\n");
      assertThat(running.broker.stats().subscriptions().open()).isZero();
      client.open("/events?topic=a");
    }
  }

  @Test
  void rule21TheAnswerToHeadIsRefusedLikeThatToGetButWithoutABody() {
    try (RawClient client = running.connect()) {
      client.request("HEAD", "/events?topic=a*");

      assertThat(client.readHead())
          .startsWith("HTTP/1.1 400 ")
          .containsIgnoringCase("content-length");
      client.open("/events?topic=a");
    }
  }

  @Test
  void rule21OptionsTellsTheMethods() {
    try (RawClient client = running.connect()) {
      client.request("OPTIONS", "/events");

      assertThat(client.readHead())
          .startsWith("HTTP/1.1 204 No Content\r\n")
          .containsIgnoringCase("allow: GET, HEAD, OPTIONS\r\n")
          .doesNotContainIgnoringCase("content-length");
      client.open("/events?topic=a");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "BREW"})
  void rule21OtherMethodsAreNotAllowed(String method) {
    try (RawClient client = running.connect()) {
      client.request(method, "/events?topic=a", "Content-Length: 0");

      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 405 Method Not Allowed\r\n")
          .containsIgnoringCase("allow: GET, HEAD, OPTIONS\r\n")
          .contains("{\"error\":\"method_not_allowed\",\"detail\":\"");
      client.open("/events?topic=a");
    }
  }

  @Test
  void rule21TheBodyOfAGetIsDrainedAndNeverTakenForARequest() {
    try (RawClient client = running.connect()) {
      client.send("GET /events?topic=a* HTTP/1.1\r\nHost: x\r\nContent-Length: 44\r\n\r\n");
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 400 ");

      client.send("GET /events?topic=b HTTP/1.1\r\nHost: evil\r\n\r\n");
      client.open("/events?topic=a");
      assertThat(running.broker.stats().connections().open()).isOne();
    }
  }

  @Test
  void rule21ABodyWithoutEndIsNotDrainedForEver() {
    try (RawClient client = running.connect()) {
      client.send("POST /events?topic=a HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n");
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 405 ");

      sendUntilRefused(client, "x".repeat(8192));

      assertThat(client.isEnded()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*/*",
        "text/*",
        "text/event-stream",
        "text/event-stream;q=0.9, */*",
        "TEXT/Event-Stream; charset=utf-8",
        "application/json, text/event-stream;q=0.001",
        "text/event-stream, text/*;q=0",
        ""
      })
  void rule22WhoAcceptsAStreamGetsOne(String accept) {
    try (RawClient client = running.connect()) {
      client.open("/events?topic=a", "Accept: " + accept);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "text/event-stream;q=0",
        "text/event-stream;q=0.000, */*",
        "text/*;q=0, */*",
        "text/event-streams",
        "x-text/event-stream",
        "text/event-stream;q=2",
        ",;,q=1"
      })
  void rule22WhoDoesNotIsTold406(String accept) {
    try (RawClient client = running.connect()) {
      client.get("/events?topic=a", "Accept: " + accept);

      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 406 Not Acceptable\r\n")
          .contains("{\"error\":\"not_acceptable\",\"detail\":\"");
      client.open("/events?topic=a");
    }
  }

  @Test
  void rule23AnHttp10StreamIsNotChunkedAndEndsWithTheConnection() {
    try (RawClient client = running.connect()) {
      client.send("GET /events?topic=a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

      assertThat(client.readHead())
          .containsIgnoringCase("connection: close\r\n")
          .doesNotContainIgnoringCase("transfer-encoding");
      assertThat(client.read(7)).isEqualTo("retry: ");
    }
  }

  @Test
  void rules23And28ASecondRequestBehindAStreamIsIgnored() {
    try (RawClient client = running.connect()) {
      String first = "GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n";
      client.send(first + first.replace("topic=a", "topic=b"));
      client.readHead();
      client.readChunk();
      String id = running.publish("b", "not for this one").toString();
      running.publish("a", "first");

      assertThat(client.readChunk())
          .startsWith("id: ")
          .contains("\n\n")
          .doesNotContain(id + "\nev");
      assertThat(running.broker.stats().connections().open()).isOne();
    }
  }

  @Test
  void rule28WhoClosesItsWritingSideIsGoneThoughItStillListens() {
    try (RawClient client = running.connect()) {
      client.open("/events?topic=a");

      client.lastWord();

      client.awaitEnd();
      assertThat(RunningServer.next(running.closedConnections)).isEqualTo(CloseReason.DISCONNECTED);
    }
  }

  @Test
  void anAuthorityWithoutAPathHasNoPathInItsQuery() {
    try (RawClient client = running.connect()) {
      client.get("http://host?next=/events?topic=a");

      assertThat(client.readAnswer()).startsWith("HTTP/1.1 404 ");
    }
  }

  @Test
  void rule28WhoKeepsTalkingIsClosed() {
    try (RawClient client = running.connect()) {
      client.open("/events?topic=a");

      sendUntilRefused(
          client, "GET /x HTTP/1.1\r\nContent-Length: 8000\r\n\r\n" + "x".repeat(8000));

      client.awaitEnd();
      assertThat(RunningServer.next(running.closedConnections).code()).isEqualTo("talkative");
    }
  }

  @Test
  void moreFiltersThanAllowedAreRefused() {
    try (RawClient client = running.connect()) {
      client.get("/events?topic=a&topic=b&topic=c&topic=d");

      assertThat(client.readAnswer())
          .startsWith("HTTP/1.1 400 ")
          .contains("topic: 4 filters (expected: 1 to 3)");
      client.open("/events?topic=a&topic=b&topic=c");
    }
  }

  @Test
  void whatIsReflectedInARefusalIsEscaped() {
    try (RawClient client = running.connect()) {
      client.get("/events?topic=%22%5C%3Cscript%3E*");

      assertThat(client.readAnswer())
          .contains("\\\"\\\"\\\\<script>*\\\"")
          .containsIgnoringCase("content-type: application/json\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"%", "%4", "%g1", "%-1", "a%ff", "%C0%80", "a\u00e4"})
  void malformedPercentEncodingAnywhereInTheQueryIsRefused(String text) {
    try (RawClient client = running.connect()) {
      client.get("/events?topic=a&other=" + text);
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 400 ").contains("\"detail\":\"query: ");

      client.get("/events?topic=a&" + text + "=1");
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 400 ");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/events?topic=a%2F%C3%A4",
        "/events?topic=a/%c3%a4",
        "http://host/events?topic=a/%C3%A4",
        "/events?x&&=&topic=a/%C3%A4#fragment"
      })
  void aTargetMayBeWrittenInSeveralWays(String target) {
    try (RawClient client = running.connect()) {
      client.open(target);

      String id = running.publish("a/ä", "hello").toString();

      assertThat(lastBlock(client, id)).contains("data: hello\n\n");
    }
  }

  @Test
  void aHeadThatIsTooLargeIsRefusedAndTheConnectionEnds() {
    try (RawClient client = running.connect()) {
      client.get("/events?topic=a", "X: " + "x".repeat(20_000));
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 431 ");
      assertThat(client.isEnded()).isTrue();
    }
    try (RawClient client = running.connect()) {
      client.get("/events?topic=" + "a".repeat(20_000));
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 414 ");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void refusedRequestsOneBehindTheOtherAreAnsweredInOrder() {
    try (RawClient client = running.connect()) {
      client.send(
          IntStream.range(0, 5)
              .mapToObj(i -> "GET /events?topic=a" + i + "* HTTP/1.1\r\nHost: x\r\n\r\n")
              .collect(Collectors.joining()));

      for (int i = 0; i < 5; i++) {
        assertThat(client.readAnswer()).contains("a" + i + "*");
      }
    }
  }

  @Test
  void whatHttpDoesNotKnowIsRefusedAndNothingElse() {
    try (RawClient client = running.connect()) {
      client.send("\u0016\u0003\u0001 junk\r\n\r\n");

      assertThat(client.readAnswer()).startsWith("HTTP/1.1 400 ");
      assertThat(client.isEnded()).isTrue();
    }
  }

  private static String lastBlock(RawClient client, String id) {
    String block = client.readChunk();
    while (!block.contains("id: " + id + "\nevent")) {
      block = client.readChunk();
    }
    return block;
  }

  private static void sendUntilRefused(RawClient client, String part) {
    try {
      for (int i = 0; i < 1000; i++) {
        client.send(part);
      }
    } catch (UncheckedIOException e) {
      assertThat(e).as("the server closed, as it should").isNotNull();
    }
  }
}
