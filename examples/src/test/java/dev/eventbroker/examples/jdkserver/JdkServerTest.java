package dev.eventbroker.examples.jdkserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.engine.BrokerBuilder;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The example does what it says, over a real socket and with the JDK's client. */
@Timeout(120)
class JdkServerTest {

  private final Broker broker = new BrokerBuilder().build();
  private final HttpClient client = HttpClient.newHttpClient();
  private JdkServer server;

  @BeforeEach
  void start() throws Exception {
    server = new JdkServer(broker, 0);
    server.start();
  }

  @AfterEach
  void end() {
    broker.close();
    server.close();
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
  void theEndOfTheServerLeavesNothing() throws Exception {
    CompletableFuture<CloseReason> closed = new CompletableFuture<>();
    var unused =
        broker
            .connections()
            .listen(
                new ConnectionListener() {
                  @Override
                  public void onClose(Connection connection, CloseReason reason) {
                    closed.complete(reason);
                  }
                });
    try (BufferedReader stream = open("topic=a", null)) {
      readUntil(stream, ": connected");

      server.close();

      assertThat(closed.get(60, TimeUnit.SECONDS)).isNotNull();
      assertThat(broker.connections().count()).isZero();
    }
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
        .contains("text/event-stream; charset=utf-8");
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
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
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
