package dev.eventbroker.examples.board;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** What a request is answered with. */
record Reply(int status, String contentType, ByteBuffer body, Map<String, String> headers) {

  private static final String JSON = "application/json; charset=utf-8";

  static Reply json(int status, String body) {
    return new Reply(status, JSON, utf8(body), Map.of("Cache-Control", "no-store"));
  }

  static Reply empty(int status) {
    return new Reply(status, "", ByteBuffer.allocate(0), Map.of());
  }

  static Reply of(HttpProblem problem) {
    Map<String, String> headers =
        problem.allow().map(allow -> Map.of("Allow", allow)).orElse(Map.of());
    return new Reply(problem.status(), JSON, utf8(problem.body()), headers);
  }

  private static ByteBuffer utf8(String text) {
    return StandardCharsets.UTF_8.encode(text);
  }
}
