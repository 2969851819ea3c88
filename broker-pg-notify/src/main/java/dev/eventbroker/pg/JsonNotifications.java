package dev.eventbroker.pg;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;

/** Reads one event out of a JSON object, field by field; jackson's types stay in here. */
final class JsonNotifications {

  private static final JsonFactory JSON = new JsonFactory();

  private JsonNotifications() {}

  static List<Event> events(String channel, String payload) throws IOException {
    String topic = "";
    String type = "";
    String data = "";
    try (JsonParser parser = JSON.createParser(payload)) {
      require(parser.nextToken(), JsonToken.START_OBJECT, "payload");
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String field = parser.currentName();
        JsonToken value = parser.nextToken();
        switch (field) {
          case "topic" -> topic = text(parser, value, field);
          case "type" -> type = text(parser, value, field);
          case "data" -> data = copy(parser);
          default -> parser.skipChildren();
        }
      }
      if (parser.nextToken() != null) {
        throw new IllegalArgumentException("payload: goes on after the object (expected: its end)");
      }
    }
    return List.of(Event.of(Topic.of(topic), type, data));
  }

  private static String text(JsonParser parser, JsonToken token, String what) throws IOException {
    require(token, JsonToken.VALUE_STRING, what);
    return parser.getText();
  }

  private static void require(JsonToken token, JsonToken expected, String what) {
    if (token != expected) {
      throw new IllegalArgumentException(what + ": " + token + " (expected: " + expected + ")");
    }
  }

  private static String copy(JsonParser parser) throws IOException {
    StringWriter data = new StringWriter();
    try (JsonGenerator generator = JSON.createGenerator(data)) {
      generator.copyCurrentStructure(parser);
    }
    return data.toString();
  }
}
