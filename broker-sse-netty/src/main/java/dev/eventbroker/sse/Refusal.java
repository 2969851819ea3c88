package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.time.Duration;
import java.util.Locale;

/**
 * Why a request gets no stream, and the answer that says so. Has no stack trace, since anybody can
 * cause as many as they like.
 */
final class Refusal extends Exception {

  static final String ALLOWED_METHODS = "GET, HEAD, OPTIONS";

  private static final long serialVersionUID = 1L;

  private final int status;
  private final String detail;
  private final boolean tellsMethods;
  private final long retryAfterSeconds;

  Refusal(int status, String detail) {
    this(status, detail, false, 0);
  }

  private Refusal(int status, String detail, boolean tellsMethods, long retryAfterSeconds) {
    super(detail, null, false, false);
    this.status = status;
    this.detail = detail;
    this.tellsMethods = tellsMethods;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The answer to OPTIONS, which asks for no stream. */
  static Refusal options() {
    return new Refusal(HttpResponseStatus.NO_CONTENT.code(), "", true, 0);
  }

  static Refusal methodNotAllowed() {
    return new Refusal(
        HttpResponseStatus.METHOD_NOT_ALLOWED.code(),
        "method: not one of this resource (expected: " + ALLOWED_METHODS + ")",
        true,
        0);
  }

  /** There is no stream to be had for now, told to who is no event source. */
  static Refusal notNow(String why, Duration retryAfter) {
    // Whole seconds, and not fewer than meant.
    long seconds = retryAfter.plusMillis(999).toSeconds();
    return new Refusal(HttpResponseStatus.SERVICE_UNAVAILABLE.code(), why, false, seconds);
  }

  static Refusal badRequest(String detail) {
    return new Refusal(HttpResponseStatus.BAD_REQUEST.code(), detail);
  }

  /** For a request that the HTTP codec could not read. */
  static Refusal unreadable(Throwable cause) {
    if (cause instanceof TooLongHttpLineException) {
      return new Refusal(HttpResponseStatus.REQUEST_URI_TOO_LONG.code(), "request line: too long");
    }
    if (cause instanceof TooLongHttpHeaderException) {
      return new Refusal(
          HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE.code(), "header fields: too large");
    }
    return badRequest("request: malformed");
  }

  /**
   * The answer.
   *
   * @param bodiless whether the body is only described: the answer to HEAD
   */
  FullHttpResponse response(HttpVersion version, boolean keepAlive, boolean bodiless) {
    HttpResponseStatus code = HttpResponseStatus.valueOf(status);
    boolean empty = status == HttpResponseStatus.NO_CONTENT.code();
    byte[] body = empty ? new byte[0] : body(code).getBytes(UTF_8);
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            code,
            bodiless ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body));
    HttpHeaders headers = response.headers();
    headers.set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    if (!empty) {
      headers.set(HttpHeaderNames.CONTENT_TYPE, "application/json");
      headers.set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    }
    if (retryAfterSeconds > 0) {
      headers.set(HttpHeaderNames.RETRY_AFTER, retryAfterSeconds);
    }
    if (tellsMethods) {
      headers.set(HttpHeaderNames.ALLOW, ALLOWED_METHODS);
    }
    HttpUtil.setKeepAlive(headers, version, keepAlive);
    return response;
  }

  private String body(HttpResponseStatus code) {
    String error = code.reasonPhrase().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    return new Json().with("error", error).with("detail", detail).toString();
  }
}
