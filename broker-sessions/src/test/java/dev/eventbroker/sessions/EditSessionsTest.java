package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EditSessionsTest {

  private final TestNode node = new TestNode();
  private final EditSessions sessions =
      node.sessions().topicOf(resource -> Topic.of("locks/" + resource)).build();

  @AfterEach
  void close() {
    sessions.close();
    node.close();
  }

  @Test
  void anAcquireIsPublishedOnceHoweverOftenItIsAsked() {
    Acquired acquired = (Acquired) sessions.acquire("board/1", "ws-1", "ann");
    assertThat(acquired.begun()).isTrue();
    assertThat(((Acquired) sessions.acquire("board/1", "ws-1", "ann")).begun()).isFalse();
    assertThat(sessions.acquire("board/1", "ws-2", "bob")).isInstanceOf(Conflict.class);

    Event event = node.takeEvents(1).get(0);
    assertThat(event.topic()).isEqualTo(Topic.of("locks/board/1"));
    assertThat(event.type()).isEqualTo("edit.session_acquired");
    assertThat(event.data()).contains("\"session\":\"" + acquired.session().id() + "\"");
    node.expectNoMoreEvents("locks/board/1");
  }

  @Test
  void aReleaseIsPublishedOnceWithItsReason() {
    Session session = ((Acquired) sessions.acquire("board/1", "ws-1", "ann")).session();
    node.takeEvents(1);

    assertThat(sessions.release(session.id())).isTrue();
    assertThat(sessions.release(session.id())).isFalse();
    assertThat(sessions.release(UUID.randomUUID())).isFalse();

    Event event = node.takeEvents(1).get(0);
    assertThat(event.type()).isEqualTo("edit.session_released");
    assertThat(event.data()).contains("\"fence\":1,\"reason\":\"released\"");
    node.expectNoMoreEvents("locks/board/1");
  }

  @Test
  void signingOutReleasesEverythingOfTheOwner() {
    sessions.acquire("board/1", "ws-1", "ann");
    sessions.acquire("board/2", "ws-1", "ann");
    node.takeEvents(2);

    assertThat(sessions.releaseOwner("ws-1")).isEqualTo(2);
    assertThat(sessions.releaseOwner("ws-1")).isZero();

    assertThat(node.takeEvents(2))
        .extracting(Event::topic)
        .containsExactlyInAnyOrder(Topic.of("locks/board/1"), Topic.of("locks/board/2"));
  }

  @Test
  void moreThanABatchExpiresInOneSweep() {
    for (int i = 0; i < 2 * SessionWorker.BATCH + 1; i++) {
      sessions.acquire("board/" + i, "ws-crashed", "ann");
    }

    // The start is an outage, and so many at once are suspicious for two heartbeats.
    node.timer.advance(
        EditSessions.DEFAULT_TIMEOUT
            .plus(EditSessions.DEFAULT_SWEEP_INTERVAL)
            .plus(BrokerBuilder.DEFAULT_HEARTBEAT.multipliedBy(2)));

    assertThat(sessions.count()).isZero();
    assertThat(node.takeEvents(2 * (2 * SessionWorker.BATCH + 1)))
        .filteredOn(event -> event.type().equals("edit.session_released"))
        .hasSize(2 * SessionWorker.BATCH + 1);
  }

  @Test
  void aResourceWithoutATopicIsRefusedAndNothingIsHeld() {
    assertThatIllegalArgumentException().isThrownBy(() -> sessions.acquire("a*", "ws-1", "ann"));

    assertThat(sessions.count()).isZero();
  }

  @Test
  void namesThatCouldForgeALogLineOrFailADatabaseAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sessions.acquire("board/1", "ws-1", "ann\nINFO forged"))
        .withMessage(
            "user: control character or unpaired surrogate at 3 (expected: neither anywhere)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sessions.acquire("board/1", "\0", "ann"))
        .withMessageStartingWith("owner: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sessions.acquire("board/1", "ws-1", "a\ud83d"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sessions.acquire("board/1", "", "ann"))
        .withMessage("owner: 0 characters (expected: 1 to 400)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sessions.acquire("board/1", "w".repeat(513), "ann"));
  }

  @Test
  void timesThatDoNotFitEachOtherAreRefusedWithTheReason() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.sessions().timeout(Duration.ofSeconds(10)).build())
        .withMessage(
            "timeout: PT10S (expected: >= PT1M, twice the broker's heartbeat: one late tick must"
                + " not cost a living client its sessions)");
    try (Broker slow = new BrokerBuilder().heartbeat(Duration.ofMinutes(8)).build()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> EditSessions.builder(slow, node.store).build())
          .withMessageStartingWith("timeout: PT15M (expected: >= PT16M, twice the broker's");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.sessions().disconnectGrace(Duration.ofMinutes(15)).build())
        .withMessage(
            "disconnectGrace: PT15M (expected: >= PT0S and < PT15M, the timeout: sessions would"
                + " expire before the grace is over)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.sessions().disconnectGrace(Duration.ofSeconds(-1)).build())
        .withMessageStartingWith("disconnectGrace: PT-1S (expected: >= PT0S");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.sessions().sweepInterval(Duration.ofMinutes(16)).build())
        .withMessageStartingWith("sweepInterval: PT16M (expected: <= PT15M, the timeout");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.sessions().rollCall(Duration.ofMinutes(1)).build())
        .withMessageStartingWith("rollCall: PT1M (expected: <= PT30S, the broker's heartbeat");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.sessions().sweepInterval(Duration.ZERO))
        .withMessage("sweepInterval: PT0S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.sessions().timeout(Duration.ofSeconds(Long.MAX_VALUE)).build())
        .withMessageContaining("<= PT8760H");
  }

  @Test
  void afterCloseNothingIsTaken() {
    sessions.close();

    assertThatThrownBy(() -> sessions.acquire("board/1", "ws-1", "ann"))
        .isInstanceOf(BrokerException.Closed.class)
        .hasMessage("edit sessions: closed (expected: open)");
    assertThatThrownBy(() -> sessions.release(UUID.randomUUID()))
        .isInstanceOf(BrokerException.Closed.class);
    assertThatThrownBy(() -> sessions.releaseOwner("ws-1"))
        .isInstanceOf(BrokerException.Closed.class);
  }

  @Test
  void aTakeOverTellsTheReleaseTheLossAndTheNextHolder() {
    Session first = ((Acquired) sessions.acquire("board/1", "ws-1", "ann")).session();
    node.takeEvents(1);
    assertThat(sessions.isCurrent("board/1", first.fence())).isTrue();

    assertThat(sessions.takeOver("board/1", first.fence() + 1, "ws-2", "bob"))
        .isInstanceOf(Conflict.class);
    Session next =
        ((Acquired) sessions.takeOver("board/1", first.fence(), "ws-2", "bob")).session();

    List<Event> told = node.takeEvents(3);
    assertThat(told)
        .extracting(Event::type)
        .containsExactly("edit.session_released", "edit.session_lost", "edit.session_acquired");
    assertThat(told.get(0).data())
        .contains(first.id().toString())
        .contains("\"reason\":\"taken_over\"");
    assertThat(told.get(1).data())
        .contains(first.id().toString())
        .contains("\"owner\":\"ws-1\"")
        .contains("\"reason\":\"taken_over\"");
    assertThat(told.get(2).data()).contains(next.id().toString());
    node.expectNoMoreEvents("locks/board/1");
    assertThat(sessions.isCurrent("board/1", first.fence())).isFalse();
    assertThat(sessions.isCurrent("board/1", next.fence())).isTrue();
  }

  @Test
  void whoeverAdministratesSeesAllAndEndsOneWhichIsTold() {
    Session one = ((Acquired) sessions.acquire("board/1", "ws-1", "ann")).session();
    Session two = sessions.join("board/1", "ws-2", "bob").session();
    node.takeEvents(2);

    assertThat(sessions.holders("board/1")).containsExactlyInAnyOrder(one, two);
    assertThat(sessions.held("ws-2")).containsExactly(two);
    assertThat(sessions.list(SessionQuery.all().ofUser("ann"))).containsExactly(one);
    assertThat(sessions.forceRelease(one.id())).isTrue();
    assertThat(sessions.forceRelease(one.id())).isFalse();

    assertThat(node.takeEvents(2))
        .extracting(Event::type)
        .containsExactly("edit.session_released", "edit.session_lost");
    node.expectNoMoreEvents("locks/board/1");
    assertThat(sessions.holders("board/1")).containsExactly(two);
  }

  @Test
  void holdersAreAllHoweverManyPagesThatTakes() {
    for (int i = 0; i <= SessionQuery.DEFAULT_PAGE; i++) {
      sessions.join("board/1", "ws-" + i, "ann");
    }

    assertThat(sessions.holders("board/1")).hasSize(SessionQuery.DEFAULT_PAGE + 1);
  }

  @Test
  void nodesOfOneStoreSeeTheSameSessions() {
    try (TestNode otherNode = new TestNode();
        EditSessions others = otherNode.sessions(node.store).build()) {
      Session session = ((Acquired) sessions.acquire("board/1", "ws-1", "ann")).session();

      Acquisition refused = others.acquire("board/1", "ws-2", "bob");

      assertThat(((Conflict) refused).holder()).isEqualTo(session);
      assertThat(others.release(session.id())).isTrue();
      List<Event> toldThere = otherNode.takeEvents(1);
      assertThat(toldThere).extracting(Event::topic).containsExactly(session.topic());
    }
  }
}
