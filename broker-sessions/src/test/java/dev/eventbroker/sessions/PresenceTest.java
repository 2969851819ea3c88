package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.Event;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who is here, on the machinery of locks. */
class PresenceTest {

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final TestNode node = new TestNode();
  private final EditSessions sessions = node.sessions().disconnectGrace(GRACE).build();

  @AfterEach
  void close() {
    sessions.close();
    node.close();
  }

  @Test
  void whoComesAndGoesIsToldOnce() {
    Connection connection = node.connect("ws-1");
    sessions.join("board/1", "ws-1", "ann");
    sessions.join("board/1", "ws-1", "ann");
    sessions.join("board/1", "ws-2", "bob");

    connection.close(CloseReason.DISCONNECTED);
    node.timer.advance(GRACE);

    assertThat(node.takeEvents(3))
        .extracting(Event::type)
        .containsExactly("edit.presence_joined", "edit.presence_joined", "edit.presence_left");
    node.expectNoMoreEvents("board/1");
    assertThat(sessions.holders("board/1")).extracting(Session::user).containsExactly("bob");
  }

  @Test
  void aReloadWithinTheGraceIsNoComingAndGoing() {
    Connection connection = node.connect("ws-1");
    Session session = sessions.join("board/1", "ws-1", "ann").session();
    node.takeEvents(1);

    for (int i = 0; i < 3; i++) {
      connection.close(CloseReason.DISCONNECTED);
      node.timer.advance(GRACE.minusMillis(1));
      connection = node.connect("ws-1");
      assertThat(sessions.join("board/1", "ws-1", "ann").session()).isEqualTo(session);
    }
    node.timer.advance(Duration.ofHours(1));

    node.expectNoMoreEvents("board/1");
    assertThat(sessions.holders("board/1")).containsExactly(session);
  }

  @Test
  void aReloadToAnotherNodeWithinTheGraceIsNoneEither() {
    try (TestNode otherNode = new TestNode();
        EditSessions others = otherNode.sessions(node.store).disconnectGrace(GRACE).build()) {
      Connection connection = node.connect("ws-1");
      Session session = sessions.join("board/1", "ws-1", "ann").session();
      node.takeEvents(1);

      connection.close(CloseReason.DISCONNECTED);
      otherNode.connect("ws-1");
      for (int i = 0; i < 100; i++) {
        node.timer.advance(Duration.ofSeconds(1));
        otherNode.timer.advance(Duration.ofSeconds(1));
      }

      assertThat(others.holders("board/1")).containsExactly(session);
      node.expectNoMoreEvents("board/1");
    }
  }
}
