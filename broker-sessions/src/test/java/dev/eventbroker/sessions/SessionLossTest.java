package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.testing.LogLines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who lost what it held is told, and it is counted. */
class SessionLossTest {

  private final TestNode node = new TestNode();
  private final List<String> heard = new ArrayList<>();
  private final EditSessions sessions =
      node.sessions()
          .observer(
              new SessionObserver() {
                @Override
                public void acquired(Session session) {
                  heard.add("acquired " + session.resource());
                  throw new IllegalStateException("on purpose");
                }

                @Override
                public void released(Session session, ReleaseReason reason) {
                  heard.add("released " + reason.wireName());
                }

                @Override
                public void lost(Session session, ReleaseReason reason) {
                  heard.add("lost " + reason.wireName());
                }
              })
          .build();

  @AfterEach
  void close() {
    sessions.close();
    node.close();
  }

  @Test
  void whoComesBackAfterItsLockWentIsToldByOneEvent() {
    node.timer.advance(Duration.ofHours(1));
    Session session = ((Acquired) sessions.acquire("board/1", "ws-1", "ann")).session();
    node.timer.advance(Duration.ofMinutes(16));
    assertThat(node.takeEvents(2))
        .extracting(Event::type)
        .containsExactly("edit.session_acquired", "edit.session_released");

    node.connect("ws-2");
    node.expectNoMoreEvents("board/1");
    node.connect("ws-1");
    node.connect("ws-1");

    Event lost = node.takeEvents(1).get(0);
    assertThat(lost.type()).isEqualTo("edit.session_lost");
    assertThat(lost.topic()).isEqualTo(session.topic());
    assertThat(lost.data()).contains(session.id() + "").contains("\"reason\":\"expired\"");
    node.expectNoMoreEvents("board/1");
  }

  @Test
  void whatHappensIsCountedWhateverAnObserverThrows() {
    try (LogLines lines = new LogLines("dev.eventbroker.sessions")) {
      node.timer.advance(Duration.ofHours(1));
      Session first = ((Acquired) sessions.acquire("board/1", "ws-1", "ann")).session();
      sessions.takeOver("board/1", first.fence(), "ws-2", "bob");
      sessions.acquire("board/2", "ws-3", "ann");
      node.connect("ws-3").close(CloseReason.DISCONNECTED);
      node.timer.advance(Duration.ofMinutes(16));

      SessionStats stats = sessions.stats();
      assertThat(stats.acquired()).isEqualTo(3);
      assertThat(stats.released())
          .containsEntry(ReleaseReason.TAKEN_OVER, 1L)
          .containsEntry(ReleaseReason.DISCONNECTED, 1L)
          .containsEntry(ReleaseReason.EXPIRED, 1L)
          .containsEntry(ReleaseReason.RELEASED, 0L);
      assertThat(stats.lost()).isEqualTo(1);
      assertThat(stats.held()).isZero();
      assertThat(stats.sweeps()).isGreaterThan(100);
      assertThat(heard)
          .containsExactly(
              "acquired board/1",
              "released taken_over",
              "lost taken_over",
              "acquired board/1",
              "acquired board/2",
              "released disconnected",
              "released expired");
      assertThat(lines.at(Level.WARN))
          .hasSize(3)
          .allMatch(line -> line.startsWith("a session observer threw: "));
    }
  }

  @Test
  void suspiciouslyManyExpiriesAreAnAlarmOnce() {
    try (LogLines lines = new LogLines("dev.eventbroker.sessions")) {
      node.timer.advance(Duration.ofHours(1));
      for (int i = 0; i < 60; i++) {
        sessions.acquire("board/" + i, "ws-cut-off", "ann");
      }
      node.timer.advance(Duration.ofMinutes(15).plusSeconds(31));

      assertThat(sessions.count()).isEqualTo(60);
      assertThat(sessions.stats().withheld()).isEqualTo(60);
      node.timer.advance(Duration.ofMinutes(1));
      assertThat(sessions.count()).isZero();
      assertThat(lines.at(Level.WARN))
          .filteredOn(line -> !line.startsWith("a session observer"))
          .containsExactly(
              "60 of 60 edit sessions have expired at once; they are kept for another PT1M, in case"
                  + " they are cut off and not gone");
    }
  }
}
