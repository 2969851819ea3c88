package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.testing.LogLines;
import dev.eventbroker.testing.ManualExecutor;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What keeps a session when connections come and go, and what does not. */
class DisconnectTest {

  private final ExecutorService closer = Executors.newSingleThreadExecutor();

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final TestNode node = new TestNode();
  private Optional<EditSessions> started = Optional.empty();

  @AfterEach
  void close() {
    started.ifPresent(EditSessions::close);
    node.close();
    closer.shutdownNow();
  }

  @Test
  void anotherTabKeepsTheSession() {
    EditSessions sessions = start(node.sessions());
    Connection tab = node.connect("ws-1");
    Connection otherTab = node.connect("ws-1");
    acquire(sessions);

    tab.close(CloseReason.DISCONNECTED);
    assertThat(sessions.count()).isEqualTo(1);

    otherTab.close(CloseReason.DISCONNECTED);
    assertThat(sessions.count()).isZero();
  }

  @Test
  void anotherNodeKeepsTheSessionFromTheMomentItHasTheOwner() {
    EditSessions sessions = start(node.sessions());
    Connection connection = node.connect("ws-1");
    acquire(sessions);
    try (TestNode otherNode = new TestNode();
        EditSessions others = otherNode.sessions(node.store).build()) {
      Connection otherConnection = otherNode.connect("ws-1");

      connection.close(CloseReason.DISCONNECTED);
      assertThat(others.count()).isEqualTo(1);

      otherConnection.close(CloseReason.DISCONNECTED);
      answerEachOther(otherNode);
      assertThat(others.count()).isZero();
    }
  }

  @Test
  void aHopToANodeThatHasNotSaidSoYetKeepsTheSession() {
    EditSessions sessions = start(node.sessions());
    Connection connection = node.connect("ws-1");
    acquire(sessions);
    ManualExecutor slow = new ManualExecutor();
    try (TestNode otherNode = new TestNode();
        EditSessions others = otherNode.sessions(node.store).executor(slow).build()) {
      slow.runAll();
      otherNode.connect("ws-1");

      // Overtakes what the other node has to say.
      connection.close(CloseReason.DISCONNECTED);
      node.timer.advance(Duration.ofSeconds(30));
      assertThat(sessions.count()).isEqualTo(1);

      slow.runAll();
      answerEachOther(otherNode);
      slow.runAll();
      node.timer.advance(Duration.ofSeconds(30));
      assertThat(sessions.count()).isEqualTo(1);
      CompletableFuture<Void> closing = CompletableFuture.runAsync(others::close, closer);
      while (!closing.isDone()) {
        slow.runAll();
      }
    }
  }

  /** Time for a roll call on both; the elder learns of the younger at its tick. */
  private void answerEachOther(TestNode otherNode) {
    otherNode.timer.advance(EditSessions.DEFAULT_ROLL_CALL);
    node.timer.advance(Duration.ofSeconds(31));
    otherNode.timer.advance(EditSessions.DEFAULT_ROLL_CALL);
  }

  @Test
  void aReloadWithinTheGraceKeepsTheSession() {
    EditSessions sessions = start(node.sessions().disconnectGrace(GRACE));
    Connection connection = node.connect("ws-1");
    Session session = acquire(sessions);

    connection.close(CloseReason.DISCONNECTED);
    node.timer.advance(GRACE.minusMillis(1));
    node.connect("ws-1");
    node.timer.advance(Duration.ofHours(1));

    assertThat(sessions.holder("board/1")).contains(session);
  }

  @Test
  void theGraceStartsAnewWithEachDisconnect() {
    EditSessions sessions = start(node.sessions().disconnectGrace(GRACE));
    node.connect("ws-1").close(CloseReason.DISCONNECTED);
    acquire(sessions);
    node.timer.advance(GRACE.minusMillis(1));
    node.connect("ws-1").close(CloseReason.DISCONNECTED);

    node.timer.advance(GRACE.minusMillis(1));
    assertThat(sessions.count()).isEqualTo(1);

    node.timer.advance(Duration.ofMillis(1));
    assertThat(sessions.count()).isZero();
  }

  @Test
  void aReconnectBeforeTheWorkersTurnKeepsTheSession() {
    Queue<Runnable> turns = new ArrayDeque<>();
    EditSessions sessions = start(node.sessions().executor(turns::add));
    Connection connection = node.connect("ws-1");
    acquire(sessions);
    runAll(turns);

    connection.close(CloseReason.DISCONNECTED);
    node.connect("ws-1");
    runAll(turns);

    assertThat(sessions.count()).isEqualTo(1);
    started = Optional.empty();
  }

  @Test
  void aConnectionThatTheServerEndsReleasesNothingForItsClientComesBack() {
    CloseReason lifetime = new CloseReason("lifetime", "open for long enough", true, true);
    for (CloseReason ours : new CloseReason[] {CloseReason.SHUTDOWN, CloseReason.SLOW, lifetime}) {
      EditSessions sessions = start(node.sessions());
      Connection connection = node.connect("ws-1");
      acquire(sessions);

      connection.close(ours);

      assertThat(sessions.count()).as(ours.code()).isEqualTo(1);
      sessions.releaseOwner("ws-1");
      sessions.close();
    }
  }

  @Test
  void aClientThatTheServerSentAwayAndThatDoesNotComeBackExpires() {
    EditSessions sessions = start(node.sessions());
    Connection connection = node.connect("ws-1");
    acquire(sessions);

    connection.close(CloseReason.SHUTDOWN);
    node.timer.advance(EditSessions.DEFAULT_TIMEOUT.plusMinutes(1));

    assertThat(sessions.count()).isZero();
  }

  @Test
  void aClientThatTheServerSentElsewhereIsReleasedWhenItDisconnectsThere() {
    EditSessions sessions = start(node.sessions());
    Connection connection = node.connect("ws-1");
    acquire(sessions);
    try (TestNode otherNode = new TestNode();
        EditSessions others = otherNode.sessions(node.store).build()) {
      connection.close(CloseReason.SHUTDOWN);
      Connection otherConnection = otherNode.connect("ws-1");

      otherConnection.close(CloseReason.DISCONNECTED);
      answerEachOther(otherNode);

      assertThat(others.count()).isZero();
    }
  }

  @Test
  void aNodeThatClosesReleasesNothingAndLetsGoOfItsOwners() {
    EditSessions sessions = start(node.sessions().disconnectGrace(GRACE));
    node.connect("ws-1");
    node.connect("ws-2").close(CloseReason.DISCONNECTED);
    acquire(sessions);
    sessions.acquire("board/2", "ws-2", "ann");
    try (TestNode otherNode = new TestNode();
        EditSessions others = otherNode.sessions(node.store).build()) {
      sessions.close();
      assertThat(others.count()).isEqualTo(2);

      otherNode.connect("ws-1").close(CloseReason.DISCONNECTED);
      otherNode.connect("ws-2").close(CloseReason.DISCONNECTED);

      assertThat(others.count()).isZero();
    }
  }

  @Test
  void whoIsThereAlreadyWhenTheSessionsStartIsKnown() {
    node.connect("ws-1");
    WatchedStore watched = new WatchedStore(node.store);

    start(node.sessions(watched));

    assertThat(watched.takeCalls()).containsExactly("touch [ws-1]");
  }

  @Test
  void anOwnerThatNoStoreCouldTakeDoesNotFailTheTouchOfTheOthers() {
    WatchedStore watched = new WatchedStore(node.store);
    start(node.sessions(watched));
    node.connect("ws-1");
    node.connect("a\0b").close(CloseReason.DISCONNECTED);
    node.connect("c\0d");
    watched.takeCalls();

    node.timer.advance(Duration.ofSeconds(30));

    assertThat(watched.takeCalls()).contains("touch [ws-1]");
  }

  @Test
  void whatTheStoreCouldNotDoIsDoneAtTheNextTickAndSaidOnce() {
    LogLines lines = new LogLines("dev.eventbroker.sessions");
    WatchedStore watched = new WatchedStore(node.store);
    EditSessions sessions = start(node.sessions(watched));
    Connection connection = node.connect("ws-1");
    acquire(sessions);

    watched.fail(true);
    connection.close(CloseReason.DISCONNECTED);
    node.timer.advance(Duration.ofMinutes(2));
    assertThat(sessions.count()).isEqualTo(1);

    watched.fail(false);
    node.timer.advance(Duration.ofSeconds(30));
    assertThat(sessions.count()).isZero();
    assertThat(lines.at(Level.WARN)).hasSize(1);
    assertThat(lines.at(Level.INFO))
        .anyMatch(line -> line.startsWith("the session store works again, after "));
    lines.close();
  }

  private EditSessions start(EditSessions.Builder builder) {
    EditSessions sessions = builder.build();
    started = Optional.of(sessions);
    return sessions;
  }

  private static Session acquire(EditSessions sessions) {
    return ((Acquired) sessions.acquire("board/1", "ws-1", "ann")).session();
  }

  private static void runAll(Queue<Runnable> turns) {
    for (Runnable turn = turns.poll(); turn != null; turn = turns.poll()) {
      turn.run();
    }
  }
}
