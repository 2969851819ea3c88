package dev.eventbroker.examples.board;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/** The little JSON that the board needs, read and written by jackson-core's streams. */
final class Json {

  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /** Writes the members of an object. */
  @FunctionalInterface
  interface Members {
    void write(JsonGenerator json) throws IOException;
  }

  /** An object with those members. */
  static String object(Members members) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      members.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  /**
   * The members of a flat object as text; those that are null are left out.
   *
   * @throws HttpProblem if it is anything else
   */
  static Map<String, String> fields(String body) {
    try (JsonParser json = FACTORY.createParser(body)) {
      Map<String, String> fields = new HashMap<>();
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw HttpProblem.badRequest("body: not a JSON object (expected: one)");
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (value.isStructStart()) {
          throw HttpProblem.badRequest(name + ": nested (expected: a text or a number)");
        }
        if (value != JsonToken.VALUE_NULL) {
          fields.put(name, json.getText());
        }
      }
      if (json.nextToken() != null) {
        throw HttpProblem.badRequest("body: more than one JSON value (expected: one object)");
      }
      return fields;
    } catch (JsonProcessingException e) {
      throw HttpProblem.badRequest("body: not JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
