package dev.eventbroker.examples.board;

import io.netty.handler.codec.http.TooLongHttpContentException;
import java.util.Optional;

/** Why a request is not done, for the one who asked. */
final class HttpProblem extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int status;
  private final String error;
  private final String detail;
  private final transient Json.Members more;
  private final String allow;

  private HttpProblem(int status, String error, String detail, Json.Members more, String allow) {
    super(detail);
    this.status = status;
    this.error = error;
    this.detail = detail;
    this.more = more;
    this.allow = allow;
  }

  /**
   * A problem of that kind; {@code error} is a short stable name, and {@code detail} is for people.
   */
  HttpProblem(int status, String error, String detail) {
    this(status, error, detail, json -> {}, "");
  }

  static HttpProblem badRequest(String detail) {
    return new HttpProblem(400, "bad_request", detail);
  }

  /** For a request that Netty could not read, or not whole. */
  static HttpProblem unreadable(Throwable cause) {
    return cause instanceof TooLongHttpContentException
        ? new HttpProblem(
            413,
            "too_large",
            "body: too large (expected: <= " + JsonAggregator.MAX_BODY + " bytes)")
        : badRequest("request: not HTTP");
  }

  static HttpProblem notFound(String what) {
    return new HttpProblem(404, "not_found", what + ": unknown");
  }

  static HttpProblem methodNotAllowed(String method, String allow) {
    String detail = "method: " + method + " (expected: " + allow + ")";
    return new HttpProblem(405, "method_not_allowed", detail, json -> {}, allow);
  }

  /** The same problem with more members in its body. */
  HttpProblem with(Json.Members members) {
    return new HttpProblem(status, error, detail, members, allow);
  }

  int status() {
    return status;
  }

  /** The methods that are allowed, where that is the problem. */
  Optional<String> allow() {
    return allow.isEmpty() ? Optional.empty() : Optional.of(allow);
  }

  /** {@code {"error": …, "detail": …}} and whatever was added. */
  String body() {
    return Json.object(
        json -> {
          json.writeStringField("error", error);
          json.writeStringField("detail", detail);
          more.write(json);
        });
  }
}
