package dev.eventbroker.sessions;

import dev.eventbroker.Event;
import dev.eventbroker.Topic;

/**
 * Events with the session as a JSON object. Their types were tried when this was made, and a
 * session brings its topic, so making one cannot fail.
 */
final class JsonSessionEvents implements SessionEvents {

  private final Types exclusive;
  private final Types shared;

  /**
   * @throws IllegalArgumentException if a prefix makes no type of an event
   */
  JsonSessionEvents(String typePrefix, String presencePrefix) {
    exclusive = new Types(typePrefix + "_acquired", typePrefix + "_released", typePrefix + "_lost");
    shared =
        new Types(presencePrefix + "_joined", presencePrefix + "_left", presencePrefix + "_lost");
  }

  @Override
  public Event acquired(Session session) {
    return Event.of(
        session.topic(), types(session).acquired, fields(session).append('}').toString());
  }

  @Override
  public Event released(Session session, ReleaseReason reason) {
    return Event.of(session.topic(), types(session).released, withReason(session, reason));
  }

  @Override
  public Event lost(Session session, ReleaseReason reason) {
    return Event.of(session.topic(), types(session).lost, withReason(session, reason));
  }

  private Types types(Session session) {
    return session.mode() == Mode.SHARED ? shared : exclusive;
  }

  private static String withReason(Session session, ReleaseReason reason) {
    StringBuilder json = fields(session).append(",\"reason\":");
    quote(json, reason.wireName());
    return json.append('}').toString();
  }

  private static StringBuilder fields(Session session) {
    StringBuilder json = new StringBuilder(256).append("{\"session\":");
    quote(json, session.id().toString());
    quote(json.append(",\"resource\":"), session.resource());
    quote(json.append(",\"owner\":"), session.owner());
    quote(json.append(",\"user\":"), session.user());
    return json.append(",\"fence\":").append(session.fence());
  }

  /**
   * Writes a JSON string. Escapes what JSON asks for, unpaired surrogates, which no encoder could
   * write, and the two line separators that JavaScript takes for line ends.
   */
  static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        json.append(c).append(text.charAt(++i));
      } else if (c < ' ' || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }

  private record Types(String acquired, String released, String lost) {

    Types {
      Topic anyTopic = Topic.of("any");
      Event.of(anyTopic, acquired, "");
      Event.of(anyTopic, released, "");
      Event.of(anyTopic, lost, "");
    }
  }
}
