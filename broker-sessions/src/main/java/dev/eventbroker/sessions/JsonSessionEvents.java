package dev.eventbroker.sessions;

import dev.eventbroker.Event;
import dev.eventbroker.Topic;

/**
 * Events with the session as a JSON object. Their types were tried when this was made, and a
 * session brings its topic, so making one cannot fail.
 */
final class JsonSessionEvents implements SessionEvents {

  private final String acquiredType;
  private final String releasedType;

  /**
   * @throws IllegalArgumentException if the prefix makes no type of an event
   */
  JsonSessionEvents(String typePrefix) {
    acquiredType = typePrefix + "_acquired";
    releasedType = typePrefix + "_released";
    Topic anyTopic = Topic.of("any");
    Event.of(anyTopic, acquiredType, "");
    Event.of(anyTopic, releasedType, "");
  }

  @Override
  public Event acquired(Session session) {
    return Event.of(session.topic(), acquiredType, fields(session).append('}').toString());
  }

  @Override
  public Event released(Session session, ReleaseReason reason) {
    StringBuilder json = fields(session).append(",\"reason\":");
    quote(json, reason.wireName());
    return Event.of(session.topic(), releasedType, json.append('}').toString());
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
}
