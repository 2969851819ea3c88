package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JsonSessionEventsTest {

  private static final UUID ID = UUID.fromString("11111111-2222-3333-4444-555555555555");

  private final SessionEvents events = new JsonSessionEvents("edit.session", "edit.presence");

  @Test
  void anAcquireIsTheSession() {
    Event event = events.acquired(session("ann", Mode.EXCLUSIVE));

    assertThat(event.topic()).isEqualTo(Topic.of("project/42"));
    assertThat(event.type()).isEqualTo("edit.session_acquired");
    assertThat(event.data())
        .isEqualTo(
            "{\"session\":\"11111111-2222-3333-4444-555555555555\",\"resource\":\"board/1\","
                + "\"owner\":\"ws-1\",\"user\":\"ann\",\"fence\":3}");
  }

  @Test
  void aReleaseSaysWhyToo() {
    Event event = events.released(session("ann", Mode.EXCLUSIVE), ReleaseReason.EXPIRED);

    assertThat(event.type()).isEqualTo("edit.session_released");
    assertThat(event.data()).endsWith(",\"user\":\"ann\",\"fence\":3,\"reason\":\"expired\"}");
  }

  @Test
  void whoLostItIsToldWhy() {
    Event event = events.lost(session("ann", Mode.EXCLUSIVE), ReleaseReason.TAKEN_OVER);

    assertThat(event.type()).isEqualTo("edit.session_lost");
    assertThat(event.data()).endsWith(",\"fence\":3,\"reason\":\"taken_over\"}");
  }

  @Test
  void whoIsThereBesideOthersJoinsAndLeaves() {
    Session session = session("ann", Mode.SHARED);

    assertThat(events.acquired(session).type()).isEqualTo("edit.presence_joined");
    assertThat(events.released(session, ReleaseReason.DISCONNECTED).type())
        .isEqualTo("edit.presence_left");
    assertThat(events.lost(session, ReleaseReason.EXPIRED).type()).isEqualTo("edit.presence_lost");
  }

  @Test
  void whatJsonDoesNotTakeIsEscaped() {
    assertThat(quoted("a\"b\\c/d")).isEqualTo("\"a\\\"b\\\\c/d\"");
    assertThat(quoted("\n\t\0\u001f\u007f")).isEqualTo("\"\\u000a\\u0009\\u0000\\u001f\u007f\"");
    assertThat(quoted("\u2028\u2029")).isEqualTo("\"\\u2028\\u2029\"");
    assertThat(quoted("ä中\ud83d\ude00")).isEqualTo("\"ä中\ud83d\ude00\"");
    assertThat(quoted("\ud83d")).isEqualTo("\"\\ud83d\"");
    assertThat(quoted("\ude00\ud83d x")).isEqualTo("\"\\ude00\\ud83d x\"");
  }

  @Test
  void aPrefixThatMakesNoTypeIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new JsonSessionEvents("edit.session", "a\nb"))
        .withMessageStartingWith("type: ");
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder();
    JsonSessionEvents.quote(json, text);
    return json.toString();
  }

  private static Session session(String user, Mode mode) {
    return new Session(ID, "board/1", "ws-1", user, 3, Instant.EPOCH, Topic.of("project/42"), mode);
  }
}
