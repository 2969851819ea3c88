package dev.eventbroker.examples.board;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.eventbroker.Topic;
import java.io.IOException;

/**
 * A card on the board.
 *
 * @param version rises with every change, so that a page can tell old news from new
 */
record Card(long id, String title, String column, double rank, long version) {

  /** The topic of a card's events, and the name under which it is locked. */
  static Topic topic(long id) {
    return Topic.of("board/main/cards/" + id);
  }

  String toJson() {
    return Json.object(this::writeMembers);
  }

  void writeMembers(JsonGenerator json) throws IOException {
    json.writeNumberField("id", id);
    json.writeStringField("title", title);
    json.writeStringField("column", column);
    json.writeNumberField("rank", rank);
    json.writeNumberField("version", version);
  }
}
