package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Map;
import java.util.Optional;

/** The heads of what one request may be answered with. */
final class Answers {

  private static final WireFrame HEAD = sharedHead(HttpVersion.HTTP_1_1, true);
  private static final WireFrame LAST_HEAD = sharedHead(HttpVersion.HTTP_1_1, false);
  private static final WireFrame HEAD_WITHOUT_CHUNKS = sharedHead(HttpVersion.HTTP_1_0, false);

  private final Optional<SseCors> cors;
  private final boolean multiplexed;
  private final HttpVersion version;
  private final HttpMethod method;
  private final HttpHeaders asked;

  /**
   * The answers to that request.
   *
   * @param multiplexed whether it has a stream of a connection for itself (HTTP/2), where neither
   *     chunks nor a connection are spoken of
   */
  Answers(HttpRequest request, Optional<SseCors> cors, boolean multiplexed) {
    this.cors = cors;
    this.multiplexed = multiplexed;
    this.version = request.protocolVersion();
    this.method = request.method();
    this.asked = request.headers();
  }

  /** Whether only a description is asked for. */
  boolean isHead() {
    return method.equals(HttpMethod.HEAD);
  }

  /** Whether the body of a stream comes in chunks. */
  boolean isChunked() {
    return !multiplexed && version.isKeepAliveDefault();
  }

  /** Whether it was an event source that asked: it takes every status but 200 as final. */
  boolean isForEventSource() {
    return !isHead() && AcceptHeader.asksForEventStream(asked.getAll(HttpHeaderNames.ACCEPT));
  }

  /** The head of a stream. */
  HttpResponse stream(boolean keepAlive) {
    HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    HttpHeaders headers = response.headers();
    describe(headers);
    if (isChunked()) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    if (!multiplexed && !(keepAlive && isChunked())) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
    return response;
  }

  /**
   * The same as bytes that all streams share, as the HTTP/1 codec would write it; nothing where a
   * head says something to one client alone.
   */
  Optional<WireFrame> sharedStream(boolean keepAlive) {
    if (multiplexed || cors.isPresent()) {
      return Optional.empty();
    }
    if (!isChunked()) {
      return Optional.of(HEAD_WITHOUT_CHUNKS);
    }
    return Optional.of(keepAlive ? HEAD : LAST_HEAD);
  }

  private static WireFrame sharedHead(HttpVersion version, boolean keepAlive) {
    HttpRequest anybodys = new DefaultHttpRequest(version, HttpMethod.GET, "/");
    HttpResponse head = new Answers(anybodys, Optional.empty(), false).stream(keepAlive);
    StringBuilder text = new StringBuilder();
    text.append(head.protocolVersion()).append(' ').append(head.status()).append("\r\n");
    for (Map.Entry<String, String> field : head.headers()) {
      text.append(field.getKey()).append(": ").append(field.getValue()).append("\r\n");
    }
    return WireFrame.verbatim(text.append("\r\n").toString().getBytes(US_ASCII));
  }

  /** What HEAD gets where GET would get a stream. */
  HttpResponse description(boolean keepAlive) {
    HttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.EMPTY_BUFFER);
    describe(response.headers());
    HttpUtil.setKeepAlive(response.headers(), version, keepAlive || multiplexed);
    return response;
  }

  /** A refusal as an answer. */
  HttpResponse refusal(Refusal refusal, boolean keepAlive) {
    HttpResponse response = refusal.response(version, keepAlive || multiplexed, isHead());
    addCors(response.headers());
    return response;
  }

  private void describe(HttpHeaders headers) {
    headers.set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    headers.set(HttpHeaderNames.CACHE_CONTROL, "no-cache, no-store, no-transform");
    headers.set("X-Accel-Buffering", "no");
    addCors(headers);
  }

  private void addCors(HttpHeaders headers) {
    cors.ifPresent(policy -> policy.describe(asked, method.equals(HttpMethod.OPTIONS), headers));
  }
}
