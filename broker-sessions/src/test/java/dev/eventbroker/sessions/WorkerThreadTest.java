package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.testing.LogLines;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A store that hangs costs neither the event loops nor whoever closes. */
class WorkerThreadTest {

  private static final long PATIENCE_MILLIS = 20_000;

  private final LogLines lines = new LogLines("dev.eventbroker.sessions");
  private final TestNode node = new TestNode();
  private final WatchedStore watched = new WatchedStore(node.store);

  @AfterEach
  void close() {
    watched.goOn();
    node.close();
    lines.close();
  }

  @Test
  void whileTheStoreHangsConnectionsComeAndGoAndEachOwnerIsLookedAtOnceAfterwards()
      throws InterruptedException {
    EditSessions sessions = EditSessions.builder(node.broker, watched).timer(node.timer).build();
    watched.stall();
    node.connect("first");
    watched.awaitStalled();
    watched.takeCalls();

    Set<String> left = new TreeSet<>();
    for (int i = 0; i < 3000; i++) {
      String owner = "ws-" + i % 100;
      Connection connection = node.connect(owner);
      connection.close(CloseReason.DISCONNECTED);
      left.add(owner);
    }
    assertThat(watched.takeCalls()).as("the worker is stuck, and nobody else").isEmpty();
    watched.goOn();
    sessions.close();

    List<String> calls = watched.takeCalls();
    assertThat(calls).containsOnlyOnce("detach " + left);
    assertThat(calls).filteredOn(call -> call.startsWith("detach")).hasSize(1);
  }

  @Test
  void itsOwnThreadEndsWithIt() throws InterruptedException {
    List<Thread> before = ownThreads();
    EditSessions sessions = EditSessions.builder(node.broker, watched).build();
    List<Thread> own = ownThreads();
    own.removeAll(before);
    assertThat(own).singleElement().satisfies(thread -> assertThat(thread.isDaemon()).isTrue());

    sessions.close();

    own.get(0).join(PATIENCE_MILLIS);
    assertThat(own.get(0).isAlive()).isFalse();
  }

  @Test
  void closingEndsThoughTheStoreHangs() throws InterruptedException {
    List<Thread> before = ownThreads();
    EditSessions sessions = EditSessions.builder(node.broker, watched).timer(node.timer).build();
    List<Thread> own = ownThreads();
    own.removeAll(before);
    watched.stall();
    node.connect("ws-1");
    watched.awaitStalled();

    sessions.close();

    // The call that hung was interrupted, and no other is made.
    own.get(0).join(PATIENCE_MILLIS);
    assertThat(own.get(0).isAlive()).isFalse();
    assertThat(lines.at(Level.WARN))
        .contains("the session store did not answer within PT2S; closed all the same");
  }

  private static List<Thread> ownThreads() {
    List<Thread> own = new ArrayList<>(Thread.getAllStackTraces().keySet());
    own.removeIf(thread -> !thread.getName().equals("eventbroker-sessions"));
    return own;
  }
}
