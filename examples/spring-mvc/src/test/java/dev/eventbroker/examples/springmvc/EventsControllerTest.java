package dev.eventbroker.examples.springmvc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** The example does what it says, on a real Tomcat and with the JDK's client. */
@Timeout(60)
class EventsControllerTest {

  private final HttpClient client = HttpClient.newHttpClient();
  private ConfigurableApplicationContext application;
  private Broker broker;

  @BeforeEach
  void start() {
    application =
        SpringApplication.run(
            Application.class,
            "--server.address=127.0.0.1",
            "--server.port=0",
            "--spring.main.banner-mode=off");
    broker = application.getBean(Broker.class);
  }

  @AfterEach
  void end() {
    application.close();
  }

  @Test
  void whatIsPublishedIsStreamed() throws Exception {
    try (BufferedReader stream = open("topic=a/*", null)) {
      readUntil(stream, ": connected");

      String id = publish("a/b", "one\ntwo");

      assertThat(readUntil(stream, "data: two"))
          .contains("id: " + id + "\n", "event: published\n", "data: one\n");
    }
  }

  @Test
  void aClientGoesOnAfterTheLastThingThatItHas() throws Exception {
    String seen = publish("a", "one");
    publish("a", "two");

    try (BufferedReader stream = open("topic=a", seen)) {
      assertThat(readUntil(stream, "data: two")).doesNotContain("data: one");
    }
  }

  @Test
  void aBadFilterIsRefusedAndLeavesNothing() throws Exception {
    HttpResponse<String> answer =
        client.send(request("/events?topic=a//b").build(), HttpResponse.BodyHandlers.ofString());

    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("filter: \"a//b\" (expected: no empty level)");
    assertThat(broker.connections().count()).isZero();
  }

  @Test
  void theEndOfTheApplicationEndsTheStreamBetweenTwoEvents() throws Exception {
    try (BufferedReader stream = open("topic=a", null)) {
      readUntil(stream, ": connected");

      application.close();

      assertThat(stream.lines().toList())
          .allMatch(line -> line.isEmpty() || line.startsWith("id: "));
    }
    assertThat(broker.connections().count()).isZero();
  }

  private BufferedReader open(String query, String lastEventId) throws Exception {
    HttpRequest.Builder request = request("/events?" + query);
    if (lastEventId != null) {
      request.header("Last-Event-ID", lastEventId);
    }
    HttpResponse<InputStream> answer =
        client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type"))
        .hasValueSatisfying(type -> assertThat(type).matches("text/event-stream; ?charset=utf-8"));
    return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
  }

  private String publish(String topic, String data) throws Exception {
    HttpRequest request =
        request("/publish?topic=" + topic).POST(HttpRequest.BodyPublishers.ofString(data)).build();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(202);
    return answer.body().strip();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(
        URI.create(
            "http://127.0.0.1:"
                + application.getEnvironment().getProperty("local.server.port")
                + path));
  }

  /** Everything up to and with that line. */
  private static String readUntil(BufferedReader stream, String line) throws Exception {
    StringBuilder text = new StringBuilder();
    for (String next = stream.readLine(); next != null; next = stream.readLine()) {
      text.append(next).append('\n');
      if (next.equals(line)) {
        return text.toString();
      }
    }
    throw new AssertionError("the stream ended: " + text);
  }
}
