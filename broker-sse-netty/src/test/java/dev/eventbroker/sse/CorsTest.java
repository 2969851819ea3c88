package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What pages of other origins are told. */
class CorsTest {

  private static final SseCors LISTED =
      SseCors.origins("https://a.example", "https://b.example:8443").withCredentials();

  @Test
  void aPageOfAListedOriginMayReadAStream() {
    try (RunningServer running = RunningServer.start(options -> options.cors(LISTED));
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Origin: https://b.example:8443");

      assertThat(lower(client.readHead()))
          .startsWith("http/1.1 200 ")
          .contains("access-control-allow-origin: https://b.example:8443\r\n")
          .contains("access-control-allow-credentials: true\r\n")
          .contains("vary: origin\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://evil.example",
        "http://a.example",
        "https://a.example:444",
        "https://a.example.evil.example",
        "https://A.example",
        "null",
        "*"
      })
  void aPageOfAnotherOriginIsNotToldThatItMay(String origin) {
    try (RunningServer running = RunningServer.start(options -> options.cors(LISTED));
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Origin: " + origin);

      assertThat(lower(client.readHead()))
          .contains("vary: origin\r\n")
          .doesNotContain("access-control");
    }
  }

  @Test
  void rule8APreflightAllowsTheLastEventIdAndAsksNobody() {
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options
                        .cors(LISTED.withHeaders("Authorization"))
                        .authorizer(
                            request -> {
                              throw new AssertionError("asked");
                            }));
        RawClient client = running.connect()) {
      client.request(
          "OPTIONS",
          "/events?topic=a",
          "Origin: https://a.example",
          "Access-Control-Request-Method: GET",
          "Access-Control-Request-Headers: last-event-id");

      assertThat(lower(client.readHead()))
          .startsWith("http/1.1 204 ")
          .contains("access-control-allow-origin: https://a.example\r\n")
          .contains("access-control-allow-methods: get, head, options\r\n")
          .contains(
              "access-control-allow-headers: last-event-id, cache-control, accept, authorization\r\n")
          .contains("access-control-allow-credentials: true\r\n")
          .contains("access-control-max-age: 600\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/events?topic=a*", "/events?topic=a"})
  void aPageMayReadWhyItWasRefused(String target) {
    try (RunningServer running =
            RunningServer.start(
                options ->
                    options
                        .cors(LISTED)
                        .authorizer(
                            request ->
                                CompletableFuture.completedStage(SseDecision.refuse(403, "no"))));
        RawClient client = running.connect()) {
      client.get(target, "Origin: https://a.example");

      assertThat(lower(client.readAnswer()))
          .startsWith("http/1.1 40")
          .contains("access-control-allow-origin: https://a.example\r\n");
    }
  }

  @Test
  void whoMayComeBackLaterMayReadThatToo() {
    try (RunningServer running =
            RunningServer.start(
                options -> options.cors(LISTED).limits(SseLimits.defaults().withStreams(1)));
        RawClient first = running.connect().open("/events?topic=a");
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Origin: https://a.example", "Accept: text/event-stream");

      assertThat(first).isNotNull();
      assertThat(lower(client.readHead()))
          .startsWith("http/1.1 200 ")
          .contains("access-control-allow-origin: https://a.example\r\n");
    }
  }

  @Test
  void anyOriginIsAStarAndNeverWithCredentials() {
    try (RunningServer running = RunningServer.start(options -> options.cors(SseCors.anyOrigin()));
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Origin: https://a.example");

      assertThat(lower(client.readHead()))
          .contains("access-control-allow-origin: *\r\n")
          .doesNotContain("credentials");
    }
    assertThatThrownBy(() -> SseCors.anyOrigin().withCredentials())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void withoutAPolicyNothingIsSaid() {
    try (RunningServer running = RunningServer.start();
        RawClient client = running.connect()) {
      client.get("/events?topic=a", "Origin: https://a.example");

      assertThat(lower(client.readHead())).doesNotContain("access-control", "vary");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"*", "null", "a.example", "https://a.example/", "https://A.example", "https://"})
  void anOriginThatNoBrowserWouldSendIsToldAtOnce(String origin) {
    assertThatThrownBy(() -> SseCors.origins(origin)).isInstanceOf(IllegalArgumentException.class);
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }
}
