package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Topic;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What every store promises. */
abstract class SessionStoreContract {

  static final Duration TIMEOUT = Duration.ofMinutes(15);
  static final Duration HEARTBEAT = Duration.ofMinutes(1);
  static final LeaseTerms TERMS = new LeaseTerms(TIMEOUT, HEARTBEAT.multipliedBy(2));
  static final SessionEvents EVENTS = new JsonSessionEvents("edit.session", "edit.presence");
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
    assertThat(store().count()).isEqualTo(1);
  }

  /** In a script of three bytes for each character, and without repetition, nothing shrinks. */
  @Test
  void theLongestNamesOfAllAreHeld() {
    Random random = new Random(1);
    String resource = ideographs(random);
    String owner = ideographs(random);
    String user = ideographs(random);
    Topic topic = Topic.of("topic");

    store().acquire(new Claim(resource, topic, owner, user, Mode.SHARED), TERMS, EVENTS);
    store().acquire(new Claim(resource, topic, owner, user, Mode.EXCLUSIVE), TERMS, EVENTS);

    assertThat(store().holder(resource)).map(Session::owner).contains(owner);
    assertThat(store().count()).isEqualTo(2);
  }

  private static String ideographs(Random random) {
    StringBuilder name = new StringBuilder();
    random.ints(Claim.MAX_LENGTH, 0x4e00, 0x9fff).forEach(name::appendCodePoint);
    return name.toString();
  }

  @Test
  void nothingIsFoundWhereNothingIsHeld() {
    assertThat(store().holder("board/1")).isEmpty();
    assertThat(store().find(UUID.randomUUID())).isEmpty();
    assertThat(store().count()).isZero();
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
    assertThat(store().count()).isEqualTo(1);
  }

  @Test
  void askingAgainIsNoSignOfLifeForOnlyAConnectionIs() {
    live(TIMEOUT, Set.of());
    Session session = begin("board/1", "ws-1");
    live(TIMEOUT.minusMinutes(1), Set.of());

    acquire("board/1", "ws-1", "ann");

    live(Duration.ofMinutes(1), Set.of());
    assertThat(sweep()).containsExactly(session);
  }

  @Test
  void theFenceRisesWithEveryChangeOfHands() {
    long last = 0;
    for (int i = 0; i < 5; i++) {
      Session session = begin("board/1", i % 2 == 0 ? "ws-1" : "ws-2");
      assertThat(session.fence()).isGreaterThan(last);
      last = session.fence();
      assertThat(store().release(session.id(), ReleaseReason.RELEASED, EVENTS)).contains(session);
    }
    begin("board/1", "ws-1");
    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    detach(NODE, "ws-1");
    assertThat(begin("board/1", "ws-1").fence()).isGreaterThan(last + 1);
  }

  @Test
  void aLateReleaseLeavesTheNextHolderAlone() {
    Session former = begin("board/1", "ws-1");
    store().release(former.id(), ReleaseReason.RELEASED, EVENTS);
    Session next = begin("board/1", "ws-2");

    assertThat(store().release(former.id(), ReleaseReason.RELEASED, EVENTS)).isEmpty();
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
    assertThat(store().count()).isEqualTo(1);
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
    assertThat(store().release(session.id(), ReleaseReason.RELEASED, EVENTS)).isEmpty();
    assertThat(store().holder("board/1")).isEmpty();
  }

  @Test
  void aSweepEndsNoMoreThanItWasAsked() {
    live(TIMEOUT, Set.of());
    for (int i = 0; i < 5; i++) {
      begin("board/" + i, "ws-1");
    }
    live(TIMEOUT, Set.of());

    assertThat(store().sweep(TERMS, 3, EVENTS).expired()).hasSize(3);
    assertThat(store().sweep(TERMS, 3, EVENTS).expired()).hasSize(2);
  }

  @Test
  void anOwnerOnTwoNodesSurvivesOneDisconnect() {
    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    store().touch(OTHER_NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    Session session = begin("board/1", "ws-1");

    assertThat(detach(NODE, "ws-1")).isEmpty();
    assertThat(detach(OTHER_NODE, "ws-1")).containsExactly(session);
    assertThat(detach(OTHER_NODE, "ws-1")).isEmpty();
  }

  @Test
  void aDisconnectReleasesTheOwnersNamedAndNoOther() {
    store().touch(NODE, Set.of("ws-1", "ws-2", "ws-3"), 0, TERMS, EVENTS);
    Session one = begin("board/1", "ws-1");
    Session two = begin("board/2", "ws-2");
    Session kept = begin("board/3", "ws-3");

    List<Session> ended = detach(NODE, "ws-1", "ws-2");

    assertThat(ended).containsExactlyInAnyOrder(one, two);
    assertThat(store().holder("board/3")).contains(kept);
  }

  @Test
  void aNodeThatDiedDoesNotKeepAnOwnerForLongerThanTheTimeout() {
    live(TIMEOUT, Set.of());
    store().touch(OTHER_NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    Session session = begin("board/1", "ws-1");

    live(TIMEOUT.minusMinutes(1), Set.of("ws-1"));
    assertThat(detach(NODE, "ws-1")).isEmpty();

    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    live(Duration.ofMinutes(2), Set.of("ws-1"));
    assertThat(detach(NODE, "ws-1")).containsExactly(session);
  }

  @Test
  void aNodeThatTouchesForLongKeepsTheOwnerAllTheTime() {
    live(TIMEOUT, Set.of("ws-1"));
    begin("board/1", "ws-1");
    store().touch(OTHER_NODE, Set.of("ws-1"), 0, TERMS, EVENTS);

    assertThat(detach(OTHER_NODE, "ws-1")).isEmpty();
  }

  @Test
  void anOwnerThatIsElsewhereBeforeThatNodeHasSaidSoKeepsItsSession() {
    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    store().touch(OTHER_NODE, Set.of(), 0, TERMS, EVENTS);
    Session session = begin("board/1", "ws-1");

    // It has a connection to the other node, which has not come round to say so.
    store().detach(NODE, Set.of("ws-1"), TERMS);
    assertThat(settle()).isEmpty();
    store().touch(OTHER_NODE, Set.of("ws-2"), 0, TERMS, EVENTS);
    assertThat(settle()).as("those who have just come are no answer").isEmpty();

    answer(OTHER_NODE, Set.of("ws-1"));
    assertThat(settle()).isEmpty();
    assertThat(store().openRoll()).isZero();
    assertThat(detach(OTHER_NODE, "ws-1")).containsExactly(session);
  }

  @Test
  void anAnswerToAnEarlierRollCallIsNoneToALaterOne() {
    store().touch(NODE, Set.of("ws-1", "ws-2"), 0, TERMS, EVENTS);
    store().touch(OTHER_NODE, Set.of(), 0, TERMS, EVENTS);
    begin("board/1", "ws-1");
    begin("board/2", "ws-2");
    store().detach(NODE, Set.of("ws-1"), TERMS);
    long earlier = store().openRoll();
    store().detach(NODE, Set.of("ws-2"), TERMS);

    store().touch(OTHER_NODE, Set.of(), earlier, TERMS, EVENTS);

    assertThat(settle()).extracting(Session::owner).containsExactly("ws-1");
    answer(OTHER_NODE, Set.of());
    assertThat(settle()).extracting(Session::owner).containsExactly("ws-2");
  }

  @Test
  void aNodeThatIsAloneNeedsNobodysWord() {
    Touched touched = store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    Session session = begin("board/1", "ws-1");

    store().detach(NODE, Set.of("ws-1"), TERMS);

    assertThat(touched.alone()).isTrue();
    assertThat(settle()).containsExactly(session);
  }

  @Test
  void aNodeThatHasLeftOrDiedIsNotWaitedFor() {
    live(TIMEOUT, Set.of("ws-1", "ws-2"));
    store().touch(OTHER_NODE, Set.of(), 0, TERMS, EVENTS);
    Session one = begin("board/1", "ws-1");
    Session two = begin("board/2", "ws-2");

    store().detach(NODE, Set.of("ws-1"), TERMS);
    assertThat(settle()).isEmpty();
    store().leave(OTHER_NODE);
    assertThat(settle()).containsExactly(one);

    store().touch(OTHER_NODE, Set.of(), 0, TERMS, EVENTS);
    store().detach(NODE, Set.of("ws-2"), TERMS);
    live(HEARTBEAT, Set.of());
    assertThat(settle()).as("a heartbeat later").isEmpty();
    pass(HEARTBEAT.plusSeconds(1));
    store().touch(NODE, Set.of(), 0, TERMS, EVENTS);
    assertThat(settle()).containsExactly(two);
  }

  @Test
  void whoLeftAndIsBackBeforeItIsSettledKeepsItsSession() {
    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    store().touch(OTHER_NODE, Set.of(), 0, TERMS, EVENTS);
    begin("board/1", "ws-1");

    store().detach(NODE, Set.of("ws-1"), TERMS);
    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    answer(OTHER_NODE, Set.of());

    assertThat(settle()).isEmpty();
  }

  @Test
  void aTakeOverEndsTheSessionOfThatFenceAndNoOther() {
    Session first = begin("board/1", "ws-1");

    assertThat(takeOver("board/1", first.fence() + 1, "ws-2")).isInstanceOf(Conflict.class);
    Acquired taken = (Acquired) takeOver("board/1", first.fence(), "ws-2");

    assertThat(taken.takenFrom()).contains(first);
    assertThat(taken.session().fence()).isGreaterThan(first.fence());
    assertThat(store().holder("board/1")).contains(taken.session());
    Conflict late = (Conflict) takeOver("board/1", first.fence(), "ws-3");
    assertThat(late.holder()).isEqualTo(taken.session());
    assertThat(store().release(first.id(), ReleaseReason.RELEASED, EVENTS)).isEmpty();
    assertThat(store().count()).isEqualTo(1);
  }

  @Test
  void takingOverWhatIsFreeOrOnesOwnIsAnAcquire() {
    Acquired free = (Acquired) takeOver("board/1", 7, "ws-1");
    assertThat(free.begun()).isTrue();
    assertThat(free.takenFrom()).isEmpty();

    Acquired own = (Acquired) takeOver("board/1", free.session().fence(), "ws-1");
    assertThat(own.begun()).isFalse();
    assertThat(own.session()).isEqualTo(free.session());
  }

  @Test
  void manyMayBeThereBesideTheOneWhoHoldsIt() {
    Session holder = begin("board/1", "ws-1");
    Session one = join("board/1", "ws-1");
    Session two = join("board/1", "ws-2");

    assertThat(join("board/1", "ws-2")).isEqualTo(two);
    assertThat(store().holder("board/1")).contains(holder);
    assertThat(store().list(SessionQuery.all().ofResource("board/1")))
        .containsExactlyInAnyOrder(holder, one, two);
    assertThat(one.fence()).isGreaterThan(holder.fence());
    store().touch(NODE, Set.of("ws-2"), 0, TERMS, EVENTS);
    assertThat(detach(NODE, "ws-2")).containsExactly(two);
  }

  @Test
  void sessionsAreListedByResourceOwnerAndUserPageByPage() {
    Session one = begin("board/1", "ws-1");
    Session two = begin("board/2", "ws-1");
    Session others = ((Acquired) acquire("board/3", "ws-2", "bob")).session();
    SessionQuery all = SessionQuery.all();

    assertThat(store().list(all)).containsExactlyInAnyOrder(one, two, others);
    assertThat(store().list(all.ofOwner("ws-1"))).containsExactlyInAnyOrder(one, two);
    assertThat(store().list(all.ofUser("bob"))).containsExactly(others);
    assertThat(store().list(all.ofOwner("ws-1").ofResource("board/2").ofUser("ann")))
        .containsExactly(two);
    assertThat(store().list(all.ofOwner("ws-1").ofUser("bob"))).isEmpty();
    Set<Session> paged = new HashSet<>();
    SessionQuery page = all.atMost(1);
    for (int i = 0; i < 3; i++) {
      Session next = store().list(page).get(0);
      paged.add(next);
      page = page.after(next.id());
    }
    assertThat(paged).containsExactlyInAnyOrder(one, two, others);
    assertThat(store().list(page)).isEmpty();
  }

  @Test
  void whoComesBackIsToldOnceWhatEndedMeanwhile() {
    live(TIMEOUT, Set.of("ws-1"));
    Session left = begin("board/1", "ws-1");
    detach(NODE, "ws-1");
    Session expired = begin("board/2", "ws-1");
    live(TIMEOUT, Set.of());
    assertThat(sweep()).containsExactly(expired);
    Session letGo = begin("board/3", "ws-1");
    store().release(letGo.id(), ReleaseReason.RELEASED, EVENTS);

    assertThat(store().touch(NODE, Set.of("ws-2"), 0, TERMS, EVENTS).lost()).isEmpty();
    assertThat(store().touch(OTHER_NODE, Set.of("ws-1"), 0, TERMS, EVENTS).lost())
        .containsExactlyInAnyOrder(
            new Touched.Lost(left, ReleaseReason.DISCONNECTED),
            new Touched.Lost(expired, ReleaseReason.EXPIRED));
    assertThat(store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS).lost()).isEmpty();
  }

  @Test
  void whoDoesNotComeBackForADayIsNotTold() {
    live(TIMEOUT, Set.of("ws-1"));
    begin("board/1", "ws-1");
    detach(NODE, "ws-1");

    live(Duration.ofDays(1).plus(TIMEOUT), Set.of());
    sweep();

    assertThat(store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS).lost()).isEmpty();
  }

  @Test
  void suspiciouslyManyExpireTwoHeartbeatsLaterUnlessTheyAreBack() {
    live(TIMEOUT, Set.of());
    for (int i = 0; i < 60; i++) {
      begin("board/" + i, i < 55 ? "ws-cut-off" : "ws-gone");
    }
    live(TIMEOUT, Set.of());

    Swept held = store().sweep(TERMS, MANY, EVENTS);
    assertThat(held.expired()).isEmpty();
    assertThat(held.withheld()).isEqualTo(60);
    assertThat(held.held()).isEqualTo(60);
    live(HEARTBEAT, Set.of("ws-cut-off"));

    Swept after = store().sweep(TERMS, MANY, EVENTS);
    assertThat(after.withheld()).isZero();
    assertThat(after.expired()).hasSize(5).extracting(Session::owner).containsOnly("ws-gone");
  }

  @Test
  void suspiciouslyManyThatStayAwayExpireAllTheSame() {
    live(TIMEOUT, Set.of());
    for (int i = 0; i < 60; i++) {
      begin("board/" + i, "ws-gone");
    }
    live(TIMEOUT, Set.of());
    assertThat(sweep()).isEmpty();
    live(HEARTBEAT, Set.of());
    assertThat(sweep()).isEmpty();

    live(HEARTBEAT, Set.of());

    assertThat(sweep()).hasSize(60);
  }

  @Test
  void forgettingAnOwnerReleasesNothingAndLeavesItToTheOtherNodes() {
    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    Session session = begin("board/1", "ws-1");

    store().forget(NODE, Set.of("ws-1"));

    assertThat(store().holder("board/1")).contains(session);
    store().touch(OTHER_NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    assertThat(detach(OTHER_NODE, "ws-1")).containsExactly(session);
  }

  @Test
  void afterAnOutageNobodyExpiresBeforeHavingHadAFullTimeoutToComeBack() {
    live(TIMEOUT, Set.of("ws-1", "ws-2"));
    begin("board/1", "ws-1");
    Session neverBack = begin("board/2", "ws-2");

    pass(TIMEOUT.multipliedBy(4));
    assertThat(sweep()).as("nobody has touched yet").isEmpty();
    store().touch(OTHER_NODE, Set.of(), 0, TERMS, EVENTS);
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
    store().touch(OTHER_NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    begin("board/1", "ws-1");

    pass(TIMEOUT.multipliedBy(4));
    store().touch(NODE, Set.of("ws-1"), 0, TERMS, EVENTS);
    sweep();

    assertThat(detach(NODE, "ws-1")).isEmpty();
  }

  @Test
  void anythingButAControlCharacterMayBeInAName() {
    String name = "a'b\"c\\d%e_f{s}?$1 \u00e4\u4e2d\ud83d\ude00 --/* ";
    Session session = ((Acquired) acquire(name, name, name)).session();
    store().touch(NODE, Set.of(name, "other,{}\"name"), 0, TERMS, EVENTS);

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
    return store().acquire(new Claim(resource, topic, owner, user, Mode.EXCLUSIVE), TERMS, EVENTS);
  }

  /** The node says that the owner has left, the other one that it has nobody else than before. */
  private List<Session> detach(String node, String... owners) {
    store().detach(node, Set.of(owners), TERMS);
    answer(node.equals(NODE) ? OTHER_NODE : NODE, Set.of());
    return settle();
  }

  private void answer(String node, Set<String> owners) {
    store().touch(node, owners, store().openRoll(), TERMS, EVENTS);
  }

  private List<Session> settle() {
    return store().settle(TERMS, MANY, EVENTS);
  }

  private Session join(String resource, String owner) {
    Claim claim = new Claim(resource, Topic.of("topic"), owner, "ann", Mode.SHARED);
    return ((Acquired) store().acquire(claim, TERMS, EVENTS)).session();
  }

  private Acquisition takeOver(String resource, long fence, String owner) {
    Claim claim = new Claim(resource, Topic.of("topic"), owner, "eve", Mode.EXCLUSIVE);
    return store().takeOver(claim, fence, TERMS, EVENTS);
  }

  private List<Session> sweep() {
    return store().sweep(TERMS, MANY, EVENTS).expired();
  }

  /** Time goes by with a heartbeat of the first node, which has these owners. */
  final void live(Duration time, Set<String> owners) {
    store().touch(NODE, owners, 0, TERMS, EVENTS);
    for (Duration t = HEARTBEAT; t.compareTo(time) <= 0; t = t.plus(HEARTBEAT)) {
      pass(HEARTBEAT);
      store().touch(NODE, owners, 0, TERMS, EVENTS);
    }
  }
}
