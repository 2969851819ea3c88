package dev.eventbroker.examples.board;

import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.sessions.EditSessions;
import dev.eventbroker.sessions.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a page starts from. The text that was loaded to decide whether the board may be seen is what
 * a page gets if the second load, after arming, fails: an older state, that events then correct.
 */
final class BoardState implements SnapshotSource<String> {

  private final Cards cards;
  private final EditSessions sessions;
  private final String node;

  BoardState(Cards cards, EditSessions sessions, String node) {
    this.cards = cards;
    this.sessions = sessions;
    this.node = node;
  }

  @Override
  public Snapshot load(String authorized, Duration timeout) throws SQLException {
    return Snapshot.of("snapshot", load());
  }

  @Override
  public Snapshot fallback(String authorized) {
    return Snapshot.of("snapshot", authorized);
  }

  /** The board as it is now. Blocks. */
  String load() throws SQLException {
    List<Card> all = cards.all();
    List<Session> held = new ArrayList<>();
    for (Card card : all) {
      sessions.holder(Card.topic(card.id()).toString()).ifPresent(held::add);
    }
    return Json.object(
        json -> {
          json.writeStringField("node", node);
          json.writeArrayFieldStart("cards");
          for (Card card : all) {
            json.writeStartObject();
            card.writeMembers(json);
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("sessions");
          for (Session session : held) {
            json.writeStartObject();
            json.writeStringField("session", session.id().toString());
            json.writeStringField("resource", session.resource());
            json.writeStringField("owner", session.owner());
            json.writeStringField("user", session.user());
            json.writeNumberField("fence", session.fence());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }
}
