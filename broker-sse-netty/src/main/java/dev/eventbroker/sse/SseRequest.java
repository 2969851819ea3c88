package dev.eventbroker.sse;

import dev.eventbroker.TopicFilter;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a client asks for, as an {@link SseAuthorizer} sees it: well formed, and otherwise on the
 * client's word alone. Safe to keep and to read on any thread.
 */
public interface SseRequest {

  /** The topics asked for; at least one filter, and not more than the endpoint takes. */
  List<TopicFilter> filters();

  /** The query parameters in the order in which they were written, {@code topic} included. */
  Map<String, List<String>> parameters();

  /** The first value of a query parameter. */
  default Optional<String> parameter(String name) {
    return parameters().getOrDefault(name, List.of()).stream().findFirst();
  }

  /** The first value of a header field, in whatever case its name is given. */
  Optional<String> header(String name);

  /** Where the connection comes from: the client, or the proxy in front of this server. */
  SocketAddress remoteAddress();

  /** The id to go on from, as the client sent it; possibly malformed, never empty text. */
  Optional<String> lastEventId();
}
