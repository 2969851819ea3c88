package dev.eventbroker.sse;

import dev.eventbroker.TopicFilter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request that was read and found well formed. */
record StreamRequest(
    List<TopicFilter> filters,
    Map<String, List<String>> parameters,
    HttpHeaders headers,
    SocketAddress remoteAddress,
    Optional<String> lastEventId)
    implements SseRequest {

  private static final String LAST_EVENT_ID = "Last-Event-ID";

  /** The version, two blanks and two line ends. */
  private static final int FIXED_BYTES = 14;

  /** The colon, a blank and a line end. */
  private static final int FIXED_BYTES_OF_A_FIELD = 4;

  /**
   * Reads a request.
   *
   * @throws Refusal if it asks for something that the endpoint does not give
   */
  static StreamRequest read(HttpRequest request, SocketAddress remoteAddress, SseLimits limits)
      throws Refusal {
    if (request.decoderResult().isFailure()) {
      throw Refusal.unreadable(request.decoderResult().cause());
    }
    long bytes = bytes(request);
    if (bytes > limits.requestBytes()) {
      throw new Refusal(
          HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE.code(),
          "request: " + bytes + " bytes (expected: at most " + limits.requestBytes() + ")");
    }
    if (request.method().equals(HttpMethod.OPTIONS)) {
      throw Refusal.options();
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      throw Refusal.methodNotAllowed();
    }
    if (!AcceptHeader.acceptsEventStream(request.headers().getAll(HttpHeaderNames.ACCEPT))) {
      throw new Refusal(
          HttpResponseStatus.NOT_ACCEPTABLE.code(),
          "accept: without text/event-stream (expected: text/event-stream)");
    }
    Map<String, List<String>> parameters = QueryString.parameters(request.uri());
    List<TopicFilter> filters =
        filters(parameters.getOrDefault("topic", List.of()), limits.filters());
    Optional<String> lastEventId =
        notEmpty(request.headers().get(LAST_EVENT_ID))
            .or(() -> notEmpty(first(parameters.get("lastEventId"))));
    return new StreamRequest(filters, parameters, request.headers(), remoteAddress, lastEventId);
  }

  /** About what the line and the header fields took on the wire. */
  private static long bytes(HttpRequest request) {
    long bytes = request.method().name().length() + (long) request.uri().length() + FIXED_BYTES;
    var fields = request.headers().iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      bytes += field.getKey().length() + (long) field.getValue().length() + FIXED_BYTES_OF_A_FIELD;
    }
    return bytes;
  }

  private static List<TopicFilter> filters(List<String> names, int most) throws Refusal {
    if (names.isEmpty() || names.size() > most) {
      throw Refusal.badRequest("topic: " + names.size() + " filters (expected: 1 to " + most + ")");
    }
    List<TopicFilter> filters = new ArrayList<>(names.size());
    for (String name : names) {
      try {
        filters.add(TopicFilter.of(name));
      } catch (IllegalArgumentException e) {
        throw Refusal.badRequest("topic: not a filter; " + e.getMessage());
      }
    }
    return List.copyOf(filters);
  }

  private static @Nullable String first(@Nullable List<String> values) {
    return values == null ? null : values.get(0);
  }

  private static Optional<String> notEmpty(@Nullable String value) {
    return Optional.ofNullable(value).filter(text -> !text.isEmpty());
  }

  @Override
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }
}
