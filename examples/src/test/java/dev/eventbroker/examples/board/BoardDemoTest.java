package dev.eventbroker.examples.board;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The demo as a stranger meets it: two nodes, one Postgres, HTTP and nothing else. */
class BoardDemoTest {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static BoardDemo demo;

  @BeforeAll
  static void start() {
    demo = new BoardDemo(DemoOptions.parse(new String[] {"--port", "0", "--port2", "0"}));
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @Test
  void headersAndConnectedComeBeforeAnyEventIsPublished() throws Exception {
    try (EventStream stream = stream(demo.firstAddress(), "topic=silence")) {
      EventStream.Block first = stream.next().orElseThrow();

      assertThat(first.comment()).isEqualTo("connected");
      assertThat(stream.response().headers().firstValue("content-type"))
          .contains("text/event-stream; charset=utf-8");
      assertThat(stream.response().headers().firstValue("x-accel-buffering")).contains("no");
    }
  }

  @Test
  void anEventThatOneNodeTakesReachesBothWithTheSameId() throws Exception {
    try (EventStream onFirst = stream(demo.firstAddress(), "topic=news/**");
        EventStream onSecond = stream(demo.secondAddress(), "topic=news/*")) {
      awaitLive(onFirst);
      awaitLive(onSecond);

      HttpResponse<String> published =
          send(
              "POST",
              demo.firstAddress() + "/topics/news/today/events?type=headline",
              "line 1\nline 2");

      assertThat(published.statusCode()).isEqualTo(202);
      String id = field(published.body(), "id");
      assertThat(onFirst.next("headline").id()).isEqualTo(id);
      EventStream.Block seen = onSecond.next("headline");
      assertThat(seen.id()).isEqualTo(id);
      assertThat(seen.data()).isEqualTo("line 1line 2");
    }
  }

  @Test
  void aClientResumesOnTheOtherNodeWithNothingMissingAndNoGap() throws Exception {
    String lastId;
    try (EventStream stream = stream(demo.firstAddress(), "topic=resume/**")) {
      awaitLive(stream);
      publish(demo.firstAddress(), "resume/a", "1");
      stream.next("message");
      lastId = stream.lastId();
    }
    publish(demo.firstAddress(), "resume/a", "2");
    publish(demo.secondAddress(), "resume/a", "3");

    try (EventStream resumed =
        stream(demo.secondAddress(), "topic=resume/**&lastEventId=" + lastId)) {
      assertThat(resumed.next().orElseThrow().comment()).isEqualTo("connected");
      assertThat(resumed.next().orElseThrow().data()).isEqualTo("2");
      assertThat(resumed.next().orElseThrow().data()).isEqualTo("3");
    }
  }

  @Test
  void aLockIsSeenEverywhereAndGoesWithTheStreamThatHeldIt() throws Exception {
    String resource = "board/main/cards/1";
    String lock = "{\"resource\":\"" + resource + "\",\"workstation\":\"%s\",\"user\":\"%s\"}";
    try (EventStream watcher = stream(demo.secondAddress(), "topic=board/main/**")) {
      watcher.next("snapshot");
      EventStream holder =
          stream(demo.firstAddress(), "topic=board/main/**&workstation=tab-1&user=ann");
      holder.next("snapshot");

      HttpResponse<String> taken =
          send("POST", demo.firstAddress() + "/sessions", lock.formatted("tab-1", "ann"));
      HttpResponse<String> refused =
          send("POST", demo.secondAddress() + "/sessions", lock.formatted("tab-2", "bob"));

      assertThat(taken.statusCode()).isEqualTo(201);
      assertThat(refused.statusCode()).isEqualTo(409);
      assertThat(field(refused.body(), "detail")).contains("ann");
      assertThat(field(refused.body(), "user")).isEqualTo("ann");
      String session = field(taken.body(), "id");
      assertThat(field(watcher.next("edit.session_acquired").data(), "session")).isEqualTo(session);
      HttpResponse<String> change =
          send(
              "PATCH",
              demo.secondAddress() + "/cards/1",
              "{\"workstation\":\"tab-2\",\"title\":\"mine\"}");
      assertThat(change.statusCode()).isEqualTo(409);

      holder.close();

      String released = watcher.next("edit.session_released").data();
      assertThat(field(released, "session")).isEqualTo(session);
      assertThat(field(released, "reason")).isEqualTo("disconnected");
      HttpResponse<String> next =
          send("POST", demo.secondAddress() + "/sessions", lock.formatted("tab-2", "bob"));
      assertThat(next.statusCode()).isEqualTo(201);
      assertThat(Long.parseLong(field(next.body(), "fence")))
          .isGreaterThan(Long.parseLong(field(taken.body(), "fence")));
      String second = demo.firstAddress() + "/sessions/" + field(next.body(), "id");
      assertThat(send("DELETE", second, "").statusCode()).isEqualTo(204);
      assertThat(send("DELETE", second, "").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void aChangedCardIsSeenOnTheOtherNodeWithAHigherVersion() throws Exception {
    try (EventStream watcher = stream(demo.secondAddress(), "topic=board/main/**")) {
      String snapshot = watcher.next("snapshot").data();
      assertThat(snapshot).contains("\"cards\":[", "\"sessions\":[", "\"node\":\"b\"");

      HttpResponse<String> changed =
          send(
              "PATCH",
              demo.firstAddress() + "/cards/2",
              "{\"workstation\":\"tab-9\",\"title\":\"é \\\"quoted\\\"\",\"column\":\"doing\",\"rank\":0.5}");

      assertThat(changed.statusCode()).isEqualTo(200);
      assertThat(watcher.next("card.changed").data()).isEqualTo(changed.body());
      assertThat(field(changed.body(), "title")).isEqualTo("é \"quoted\"");
      assertThat(field(changed.body(), "version")).isEqualTo("2");
    }
  }

  @Test
  void healthTellsWhatTheNodeIsDoing() throws Exception {
    HttpResponse<String> health = send("GET", demo.firstAddress() + "/healthz", "");

    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(field(health.body(), "node")).isEqualTo("a");
    assertThat(field(health.body(), "status")).isEqualTo("UP");
    assertThat(field(health.body(), "state")).isEqualTo("UP");
    for (String number : List.of("connections", "subscriptions", "sessions")) {
      assertThat(Long.parseLong(field(health.body(), number))).isNotNegative();
    }
  }

  @Test
  void badInputIsAnErrorThatSaysWhatWasWrong() throws Exception {
    String node = demo.firstAddress();
    refused("GET", node + "/events?topic=a//b", "", 400, "no empty level");
    refused("GET", node + "/events", "", 400, "topic");
    refused("GET", node + "/events?topic=board/main&user=" + "x".repeat(65), "", 400, "user");
    refused("POST", node + "/topics/a/*/events?type=t", "x", 400, "no '*'");
    refused("POST", node + "/topics/a/events?type=open", "x", 400, "reserved");
    refused("POST", node + "/topics/a/events?type=a%0Ab", "x", 400, "control character");
    refused("POST", node + "/topics/a/events?type=t", "nul \0 byte", 400, "U+0000");
    refused("POST", node + "/topics/events", "x", 404, "path");
    refused("POST", node + "/topics/%FF/events", "x", 400, "UTF-8");
    refused("POST", node + "/cards", "{\"title\":\"\\ud800\",\"column\":\"todo\"}", 400, "title");
    refused("GET", node + "/topics/a/events", "", 405, "POST");
    refused("POST", node + "/sessions", "{", 400, "JSON");
    refused("POST", node + "/sessions", "[]", 400, "object");
    refused("POST", node + "/sessions", "{\"resource\":{}}", 400, "nested");
    refused("POST", node + "/sessions", "{\"resource\":\"a\",\"user\":\"u\"}", 400, "workstation");
    refused(
        "POST",
        node + "/sessions",
        "{\"resource\":\"a//b\",\"user\":\"u\",\"workstation\":\"w\"}",
        400,
        "level");
    refused("DELETE", node + "/sessions/nonsense", "", 400, "UUID");
    refused("DELETE", node + "/sessions/00000000-0000-0000-0000-000000000000", "", 404, "unknown");
    refused(
        "PATCH",
        node + "/cards/1",
        "{\"workstation\":\"w\",\"column\":\"nowhere\"}",
        400,
        "column");
    refused("PATCH", node + "/cards/1", "{\"workstation\":\"w\",\"rank\":\"NaN\"}", 400, "rank");
    refused("PATCH", node + "/cards/4711", "{\"workstation\":\"w\",\"title\":\"t\"}", 404, "card");
    refused("POST", node + "/cards", "{\"title\":\" \",\"column\":\"todo\"}", 400, "title");
    refused("POST", node + "/cards", "x".repeat((1 << 20) + 1), 413, "too large");
    refused("GET", node + "/nowhere", "", 404, "unknown");
  }

  @Test
  void thePageAndItsPartsAreServedAndNothingElseIs() throws Exception {
    HttpResponse<String> page = send("GET", demo.firstAddress() + "/", "");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
    assertThat(
            send("GET", demo.firstAddress() + "/board.js", "").headers().firstValue("content-type"))
        .contains("text/javascript; charset=utf-8");
    for (String path :
        List.of("/../Pages.class", "/%2e%2e/Pages.class", "/page/index.html", "/no-such.js")) {
      assertThat(send("GET", demo.firstAddress() + path, "").statusCode()).as(path).isEqualTo(404);
    }
  }

  private static EventStream stream(String node, String query) throws Exception {
    return EventStream.open(CLIENT, node + "/events?" + query);
  }

  /** Until the stream has said where it stands: what is published from then on is for it. */
  private static void awaitLive(EventStream stream) throws Exception {
    Optional<EventStream.Block> block = stream.next();
    while (block.isPresent() && block.get().id().isEmpty()) {
      block = stream.next();
    }
    assertThat(block).isPresent();
  }

  private static void publish(String node, String topic, String data) throws Exception {
    assertThat(send("POST", node + "/topics/" + topic + "/events?type=message", data).statusCode())
        .isEqualTo(202);
  }

  private static void refused(String method, String url, String body, int status, String detail)
      throws Exception {
    HttpResponse<String> response = send(method, url, body);
    assertThat(response.statusCode())
        .as("%s %s: %s", method, url, response.body())
        .isEqualTo(status);
    assertThat(field(response.body(), "error")).as(url).isNotEmpty();
    assertThat(field(response.body(), "detail")).as(url).contains(detail);
  }

  private static HttpResponse<String> send(String method, String url, String body)
      throws Exception {
    HttpRequest.BodyPublisher publisher =
        body.isEmpty()
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body);
    return CLIENT.send(
        HttpRequest.newBuilder(URI.create(url)).method(method, publisher).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** The first member of that name, however deep it stands. */
  private static String field(String json, String name) throws Exception {
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      while (parser.nextToken() != null) {
        if (parser.currentToken() == JsonToken.FIELD_NAME && parser.currentName().equals(name)) {
          parser.nextToken();
          return parser.getText();
        }
      }
    }
    throw new AssertionError("no " + name + " in " + json);
  }
}
