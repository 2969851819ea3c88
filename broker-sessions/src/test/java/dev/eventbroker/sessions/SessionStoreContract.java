package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Topic;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What every store promises. */
abstract class SessionStoreContract {

  static final Duration TIMEOUT = Duration.ofMinutes(15);
  static final Duration HEARTBEAT = Duration.ofMinutes(1);
  static final LeaseTerms TERMS = new LeaseTerms(TIMEOUT, HEARTBEAT.multipliedBy(2));
  static final SessionEvents EVENTS = new JsonSessionEvents("edit.session");
  static final int MANY = 1000;

  private static final String NODE = "node-1";
  private static final String OTHER_NODE = "node-2";

  /** An empty store; the same one during a test. */
  abstract SessionStore store();

  /** That much time goes by for the store. */
  abstract void pass(Duration time);

  @Test
  void aFreeResourceIsGivenToTheFirstWhoAsks() {
    Acquired acquired = (Acquired) acquire("board/1", "ws-1", "ann");

    assertThat(acquired.begun()).isTrue();
    Session session = acquired.session();
    assertThat(session.resource()).isEqualTo("board/1");
    assertThat(session.owner()).isEqualTo("ws-1");
    assertThat(session.user()).isEqualTo("ann");
    assertThat(session.topic()).isEqualTo(Topic.of("topic/board/1"));
    assertThat(store().holder("board/1")).contains(session);
    assertThat(store().find(session.id())).contains(session);
    assertThat(store().held()).isEqualTo(1);
  }

  @Test
  void nothingIsFoundWhereNothingIsHeld() {
    assertThat(store().holder("board/1")).isEmpty();
    assertThat(store().find(UUID.randomUUID())).isEmpty();
    assertThat(store().held()).isZero();
  }

  @Test
  void aConflictNamesTheHolderAndHowLongItLastsAtLeast() {
    live(TIMEOUT, Set.of());
    Session holder = begin("board/1", "ws-1");
    live(Duration.ofMinutes(5), Set.of());

    Conflict conflict = (Conflict) acquire("board/1", "ws-2", "bob");

    assertThat(conflict.holder()).isEqualTo(holder);
    assertThat(conflict.remaining())
        .isBetween(Duration.ofMinutes(9), Duration.ofMinutes(10).plusSeconds(1));
  }

  @Test
  void theRemainingTimeOfASessionThatOnlyWaitsForTheSweeperIsZero() {
    live(TIMEOUT, Set.of());
    begin("board/1", "ws-1");
    live(TIMEOUT.plusMinutes(1), Set.of());

    Conflict conflict = (Conflict) acquire("board/1", "ws-2", "bob");

    assertThat(conflict.remaining()).isZero();
  }

  @Test
  void theOwnerThatHoldsItGetsTheSameSessionAgain() {
    Session first = begin("board/1", "ws-1");

    Acquired again = (Acquired) acquire("board/1", "ws-1", "another user");

    assertThat(again.begun()).isFalse();
    assertThat(again.session()).isEqualTo(first);
    assertThat(store().held()).isEqualTo(1);
  }

  @Test
  void askingAgainIsASignOfLife() {
    live(TIMEOUT, Set.of());
    begin("board/1", "ws-1");
    live(TIMEOUT.minusMinutes(1), Set.of());

    acquire("board/1", "ws-1", "ann");

    live(TIMEOUT.minusMinutes(1), Set.of());
    assertThat(sweep()).isEmpty();
  }

  @Test
  void theFenceRisesWithEveryChangeOfHands() {
    long last = 0;
    for (int i = 0; i < 5; i++) {
      Session session = begin("board/1", i % 2 == 0 ? "ws-1" : "ws-2");
      assertThat(session.fence()).isGreaterThan(last);
      last = session.fence();
      assertThat(store().release(session.id(), EVENTS)).contains(session);
    }
    begin("board/1", "ws-1");
    store().touch(NODE, Set.of("ws-1"), TERMS);
    store().detach(NODE, Set.of("ws-1"), TERMS, EVENTS);
    assertThat(begin("board/1", "ws-1").fence()).isGreaterThan(last + 1);
  }

  @Test
  void aLateReleaseLeavesTheNextHolderAlone() {
    Session former = begin("board/1", "ws-1");
    store().release(former.id(), EVENTS);
    Session next = begin("board/1", "ws-2");

    assertThat(store().release(former.id(), EVENTS)).isEmpty();
    assertThat(store().holder("board/1")).contains(next);
  }

  @Test
  void releasingAnOwnerEndsAllThatItHoldsAndNothingElse() {
    Session one = begin("board/1", "ws-1");
    Session two = begin("board/2", "ws-1");
    Session others = begin("board/3", "ws-2");

    assertThat(store().releaseOwner("ws-1", EVENTS)).containsExactlyInAnyOrder(one, two);
    assertThat(store().releaseOwner("ws-1", EVENTS)).isEmpty();
    assertThat(store().holder("board/3")).contains(others);
    assertThat(store().held()).isEqualTo(1);
  }

  @Test
  void aTouchKeepsASessionAndNoOther() {
    live(TIMEOUT, Set.of());
    Session kept = begin("board/1", "ws-1");
    Session stale = begin("board/2", "ws-2");

    live(TIMEOUT.plusMinutes(1), Set.of("ws-1"));

    assertThat(sweep()).containsExactly(stale);
    assertThat(store().holder("board/1")).contains(kept);
  }

  @Test
  void aSessionExpiresOnceAndNotBeforeItsTimeout() {
    live(TIMEOUT, Set.of());
    Session session = begin("board/1", "ws-1");

    live(TIMEOUT.minusMinutes(1), Set.of());
    assertThat(sweep()).isEmpty();

    live(Duration.ofMinutes(1), Set.of());
    assertThat(sweep()).containsExactly(session);
    assertThat(sweep()).isEmpty();
    assertThat(store().release(session.id(), EVENTS)).isEmpty();
    assertThat(store().holder("board/1")).isEmpty();
  }

  @Test
  void aSweepEndsNoMoreThanItWasAsked() {
    live(TIMEOUT, Set.of());
    for (int i = 0; i < 5; i++) {
      begin("board/" + i, "ws-1");
    }
    live(TIMEOUT, Set.of());

    assertThat(store().sweep(TERMS, 3, EVENTS)).hasSize(3);
    assertThat(store().sweep(TERMS, 3, EVENTS)).hasSize(2);
  }

  @Test
  void anOwnerOnTwoNodesSurvivesOneDisconnect() {
    store().touch(NODE, Set.of("ws-1"), TERMS);
    store().touch(OTHER_NODE, Set.of("ws-1"), TERMS);
    Session session = begin("board/1", "ws-1");

    assertThat(detach(NODE, "ws-1")).isEmpty();
    assertThat(detach(OTHER_NODE, "ws-1")).containsExactly(session);
    assertThat(detach(OTHER_NODE, "ws-1")).isEmpty();
  }

  @Test
  void aDisconnectReleasesTheOwnersNamedAndNoOther() {
    store().touch(NODE, Set.of("ws-1", "ws-2", "ws-3"), TERMS);
    Session one = begin("board/1", "ws-1");
    Session two = begin("board/2", "ws-2");
    Session kept = begin("board/3", "ws-3");

    List<Session> ended = store().detach(NODE, Set.of("ws-1", "ws-2"), TERMS, EVENTS);

    assertThat(ended).containsExactlyInAnyOrder(one, two);
    assertThat(store().holder("board/3")).contains(kept);
  }

  @Test
  void aNodeThatDiedDoesNotKeepAnOwnerForLongerThanTheTimeout() {
    live(TIMEOUT, Set.of());
    store().touch(OTHER_NODE, Set.of("ws-1"), TERMS);
    Session session = begin("board/1", "ws-1");

    live(TIMEOUT.minusMinutes(1), Set.of("ws-1"));
    assertThat(detach(NODE, "ws-1")).isEmpty();

    store().touch(NODE, Set.of("ws-1"), TERMS);
    live(Duration.ofMinutes(2), Set.of("ws-1"));
    assertThat(detach(NODE, "ws-1")).containsExactly(session);
  }

  @Test
  void aNodeThatTouchesForLongKeepsTheOwnerAllTheTime() {
    live(TIMEOUT, Set.of("ws-1"));
    begin("board/1", "ws-1");
    store().touch(OTHER_NODE, Set.of("ws-1"), TERMS);

    assertThat(detach(OTHER_NODE, "ws-1")).isEmpty();
  }

  @Test
  void forgettingAnOwnerReleasesNothingAndLeavesItToTheOtherNodes() {
    store().touch(NODE, Set.of("ws-1"), TERMS);
    Session session = begin("board/1", "ws-1");

    store().forget(NODE, Set.of("ws-1"));

    assertThat(store().holder("board/1")).contains(session);
    store().touch(OTHER_NODE, Set.of("ws-1"), TERMS);
    assertThat(detach(OTHER_NODE, "ws-1")).containsExactly(session);
  }

  @Test
  void afterAnOutageNobodyExpiresBeforeHavingHadAFullTimeoutToComeBack() {
    live(TIMEOUT, Set.of("ws-1", "ws-2"));
    begin("board/1", "ws-1");
    Session neverBack = begin("board/2", "ws-2");

    pass(TIMEOUT.multipliedBy(4));
    assertThat(sweep()).as("nobody has touched yet").isEmpty();
    store().touch(OTHER_NODE, Set.of(), TERMS);
    assertThat(sweep()).as("the first touch of anybody").isEmpty();
    live(TIMEOUT.minusMinutes(1), Set.of("ws-1"));
    assertThat(sweep()).as("almost a timeout later").isEmpty();
    assertThat(((Conflict) acquire("board/2", "ws-3", "eve")).remaining()).isPositive();

    live(Duration.ofMinutes(1), Set.of("ws-1"));
    assertThat(sweep()).containsExactly(neverBack);
  }

  @Test
  void afterAnOutageANodeThatHasNotTouchedYetStillHasItsOwners() {
    live(TIMEOUT, Set.of("ws-1"));
    store().touch(OTHER_NODE, Set.of("ws-1"), TERMS);
    begin("board/1", "ws-1");

    pass(TIMEOUT.multipliedBy(4));
    store().touch(NODE, Set.of("ws-1"), TERMS);
    sweep();

    assertThat(detach(NODE, "ws-1")).isEmpty();
  }

  @Test
  void anythingButAControlCharacterMayBeInAName() {
    String name = "a'b\"c\\d%e_f{s}?$1 \u00e4\u4e2d\ud83d\ude00 --/* ";
    Session session = ((Acquired) acquire(name, name, name)).session();
    store().touch(NODE, Set.of(name, "other,{}\"name"), TERMS);

    assertThat(store().holder(name)).contains(session);
    assertThat(detach(NODE, name)).containsExactly(session);
    assertThat(session.user()).isEqualTo(name);
  }

  final Session begin(String resource, String owner) {
    Acquired acquired = (Acquired) acquire(resource, owner, "ann");
    assertThat(acquired.begun()).isTrue();
    return acquired.session();
  }

  private Acquisition acquire(String resource, String owner, String user) {
    Topic topic = resource.startsWith("board/") ? Topic.of("topic/" + resource) : Topic.of("odd");
    return store().acquire(new Claim(resource, topic, owner, user), TERMS, EVENTS);
  }

  private List<Session> detach(String node, String owner) {
    return store().detach(node, Set.of(owner), TERMS, EVENTS);
  }

  private List<Session> sweep() {
    return store().sweep(TERMS, MANY, EVENTS);
  }

  /** Time goes by with a heartbeat of the first node, which has these owners. */
  final void live(Duration time, Set<String> owners) {
    store().touch(NODE, owners, TERMS);
    for (Duration t = HEARTBEAT; t.compareTo(time) <= 0; t = t.plus(HEARTBEAT)) {
      pass(HEARTBEAT);
      store().touch(NODE, owners, TERMS);
    }
  }
}
