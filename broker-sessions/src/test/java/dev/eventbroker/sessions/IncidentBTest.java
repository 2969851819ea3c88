package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.Event;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.testing.LogLines;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * "Edit sessions (locks) outlived crashed clients. Wanted: the SSE connection is the heartbeat;
 * every 30 s it touches the workstation's sessions; a sweeper (30 s) releases sessions untouched
 * for 15 min (configurable) and publishes edit.session_released for each, logged at INFO; a
 * disconnect releases at once; the sweeper stops with the server." One test for each clause.
 */
class IncidentBTest {

  private final TestNode node = new TestNode();
  private final LogLines lines = new LogLines("dev.eventbroker.sessions");
  private Optional<EditSessions> started = Optional.empty();

  @AfterEach
  void close() {
    started.ifPresent(EditSessions::close);
    node.close();
    lines.close();
  }

  @Test
  void theConnectionIsTheHeartbeatThatKeepsASession() {
    EditSessions sessions = start();
    Connection connection = node.connect("ws-1");
    Session session = acquire(sessions, "board/1", "ws-1");

    node.timer.advance(Duration.ofHours(8));

    assertThat(connection.owner()).contains("ws-1");
    assertThat(sessions.holder("board/1")).contains(session);
  }

  @Test
  void allOwnersAreTouchedEvery30SecondsInOneCall() {
    WatchedStore watched = new WatchedStore(node.store);
    started = Optional.of(node.sessions(watched).build());
    node.connect("ws-1");
    node.connect("ws-2");
    node.connect("ws-2");
    watched.takeCalls();

    node.timer.advance(Duration.ofMinutes(2));

    assertThat(watched.takeCalls())
        .filteredOn(call -> call.startsWith("touch"))
        .containsExactly(
            "touch [ws-1, ws-2]", "touch [ws-1, ws-2]", "touch [ws-1, ws-2]", "touch [ws-1, ws-2]");
  }

  @Test
  void theSweeperReleasesWhatWasNotTouchedFor15Minutes() {
    EditSessions sessions = start();
    Session session = acquire(sessions, "board/1", "ws-crashed");

    node.timer.advance(Duration.ofMinutes(15).minusSeconds(1));
    assertThat(sessions.holder("board/1")).contains(session);

    node.timer.advance(Duration.ofSeconds(31));
    assertThat(sessions.holder("board/1")).isEmpty();
  }

  @Test
  void theTimeIsConfigurable() {
    EditSessions sessions = start(Duration.ofMinutes(2));
    acquire(sessions, "board/1", "ws-crashed");

    node.timer.advance(Duration.ofMinutes(2).minusSeconds(1));
    assertThat(sessions.count()).isEqualTo(1);

    node.timer.advance(Duration.ofSeconds(31));
    assertThat(sessions.count()).isZero();
  }

  @Test
  void aReleaseIsPublishedOnceForEachSession() {
    EditSessions sessions = start();
    Session one = acquire(sessions, "board/1", "ws-crashed");
    Session two = acquire(sessions, "board/2", "ws-crashed");
    node.takeEvents(2);

    node.timer.advance(Duration.ofMinutes(20));

    List<Event> released = node.takeEvents(2);
    assertThat(released).extracting(Event::type).containsOnly("edit.session_released");
    assertThat(released)
        .extracting(Event::data)
        .containsExactlyInAnyOrder(released(one, "expired"), released(two, "expired"));
    node.expectNoMoreEvents();
  }

  @Test
  void aReleaseBySweeperOrDisconnectIsLoggedAtInfo() {
    EditSessions sessions = start();
    Session expired = acquire(sessions, "board/1", "ws-crashed");
    node.timer.advance(Duration.ofMinutes(20));
    Connection connection = node.connect("ws-1");
    Session disconnected = acquire(sessions, "board/2", "ws-1");
    connection.close(CloseReason.DISCONNECTED);

    assertThat(lines.at(Level.INFO))
        .containsExactly(
            "edit session "
                + expired.id()
                + " of board/1 released: expired (owner ws-crashed, user ann)",
            "edit session "
                + disconnected.id()
                + " of board/2 released: disconnected (owner ws-1, user ann)");
  }

  @Test
  void aDisconnectReleasesAtOnce() {
    EditSessions sessions = start();
    Connection connection = node.connect("ws-1");
    Session session = acquire(sessions, "board/1", "ws-1");
    node.takeEvents(1);

    connection.close(CloseReason.DISCONNECTED);

    assertThat(sessions.holder("board/1")).isEmpty();
    assertThat(node.takeEvents(1))
        .extracting(Event::data)
        .containsExactly(released(session, "disconnected"));
  }

  @Test
  void theSweeperStopsWithTheServer() {
    int waitingBefore = node.timer.scheduled();
    EditSessions sessions = start();
    Session session = acquire(sessions, "board/1", "ws-crashed");

    sessions.close();
    node.timer.advance(Duration.ofHours(1));

    assertThat(node.timer.scheduled()).isEqualTo(waitingBefore);
    assertThat(sessions.find(session.id())).isPresent();
  }

  private EditSessions start() {
    return start(EditSessions.DEFAULT_TIMEOUT);
  }

  private EditSessions start(Duration timeout) {
    EditSessions sessions = node.sessions().timeout(timeout).build();
    started = Optional.of(sessions);
    // Long enough that the start is over, after which nobody expires for a full timeout.
    node.timer.advance(Duration.ofHours(1));
    return sessions;
  }

  private static Session acquire(EditSessions sessions, String resource, String owner) {
    return ((Acquired) sessions.acquire(resource, owner, "ann")).session();
  }

  private static String released(Session session, String reason) {
    return "{\"session\":\"%s\",\"resource\":\"%s\",\"owner\":\"%s\",\"user\":\"ann\",\"fence\":%d,\"reason\":\"%s\"}"
        .formatted(session.id(), session.resource(), session.owner(), session.fence(), reason);
  }
}
