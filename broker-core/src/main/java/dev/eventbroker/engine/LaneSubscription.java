package dev.eventbroker.engine;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Authorized;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.TopicFilter;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A subscription from its beginning to its end: the handshake, what it is widened by, and how it is
 * closed. In between it is a {@link Reading} of the log.
 */
final class LaneSubscription extends Reading implements Subscription {

  private static final AtomicReferenceFieldUpdater<Rider, @Nullable CloseReason> CLOSING =
      AtomicReferenceFieldUpdater.newUpdater(Rider.class, CloseReason.class, "closing");

  /** Where it sits among all of the broker; guarded by these. */
  int seatInBroker = Roster.NOWHERE;

  private final Surroundings around;
  private final Optional<EventId> asked;
  private final Optional<Gap.Reason> missed;
  private final @Nullable Handshake handshake;

  // Any thread.
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicBoolean wakeQueued = new AtomicBoolean();
  private final Widenings widenings;

  // The lane's thread only.
  private final List<FilterIndex.Membership<Rider>> memberships = new ArrayList<>(1);
  private @Nullable FilterIndex<Rider> index;

  LaneSubscription(
      Lane lane,
      Surroundings around,
      SubscribeRequest request,
      Subscriber subscriber,
      Log.Place place,
      Optional<EventId> asked) {
    super(
        lane,
        around.log(),
        around.clock(),
        around.counters(),
        around.observer(),
        request,
        subscriber,
        place,
        since(around.log(), request.asOf(), place.tail()));
    this.around = around;
    this.asked = asked;
    this.missed = place.missed();
    this.widenings = new Widenings(request.filters().size());
    this.handshake =
        request
            .snapshot()
            .map(
                loading ->
                    new Handshake(
                        around.snapshots(),
                        log,
                        request.principal(),
                        loading,
                        request.snapshotTimeout().orElse(around.snapshotTimeout())))
            .orElse(null);
  }

  /**
   * From where on revocations came after a decision; empty if the log does not reach back to it.
   */
  private static OptionalLong since(Log log, Optional<EventId> asOf, long now) {
    return asOf.isEmpty() ? OptionalLong.of(now) : log.sequenceAfter(asOf.get());
  }

  // ---- Any thread

  @Override
  public State state() {
    return isClosing() ? State.CLOSED : place();
  }

  @Override
  public void wake() {
    if (wakeQueued.compareAndSet(false, true)) {
      lane.submit(
          this,
          () -> {
            wakeQueued.set(false);
            woken();
          });
    }
  }

  @Override
  public CompletionStage<EventId> widen(Authorized<?> by, List<TopicFilter> more) {
    requireNonNull(by, "by");
    if (!by.principal().equals(request.principal())) {
      throw new IllegalArgumentException(
          "principal: " + by.principal() + " (expected: " + request.principal() + ")");
    }
    Widenings.Widening widening =
        widenings.begin(List.copyOf(more), since(log, by.asOf(), log.tail()));
    lane.submit(this, () -> widenNow(widening));
    if (ended.get()) {
      refuseWidenings();
    }
    return widening.stage();
  }

  @Override
  public void close(CloseReason reason) {
    requireNonNull(reason, "reason");
    if (CLOSING.compareAndSet(this, null, reason)) {
      lane.submit(this, this::end);
    }
  }

  Lane lane() {
    return lane;
  }

  // ---- The handshake, on the lane

  @Override
  void attach(FilterIndex<Rider> filters) {
    if (isClosing()) {
      return;
    }
    index = filters;
    memberships.addAll(filters.addAll(this, request.filters()));
    List<TopicFilter> gone = learnWhatWasRevoked();
    if (isClosing()) {
      return;
    }
    if (missed.isPresent()) {
      Optional<EventId> from = asked.filter(id -> id.epoch().equals(settled.epoch()));
      tellGap(new Gap(missed.get(), from, settled, TopicFilter.ALL));
    }
    for (TopicFilter scope : gone) {
      tellGap(new Gap(Gap.Reason.REVOKED, Optional.of(settled), settled, scope));
    }
    boolean resumed = request.lastEventId().isPresent() && missed.isEmpty();
    if (handshake != null && !resumed) {
      loadSnapshot(handshake);
    } else {
      start();
    }
  }

  /**
   * Applies what the lane has read before it knew of this subscription.
   *
   * @return the scopes that were revoked before its run, so that reading will not come across them
   */
  private List<TopicFilter> learnWhatWasRevoked() {
    Optional<List<Entry.OfRevocation>> known = revocationsSince(authorizedSince);
    if (known.isEmpty()) {
      unproven();
      return List.of();
    }
    List<TopicFilter> before = new ArrayList<>(0);
    for (Entry.OfRevocation entry : known.get()) {
      if (revoke(entry) && entry.sequence < next) {
        before.add(entry.revocation.scope());
      }
    }
    return before;
  }

  private Optional<List<Entry.OfRevocation>> revocationsSince(OptionalLong since) {
    return since.isPresent()
        ? log.revocations(since.getAsLong(), request.principal())
        : Optional.empty();
  }

  private void loadSnapshot(Handshake loading) {
    if (isClosing()) {
      return;
    }
    if (!grants.isOriginalWhole()) {
      endHere(CloseReason.REVOKED);
      return;
    }
    become(State.SNAPSHOT);
    subscriber.batchEnd();
    loading.begin(loaded -> lane.submit(this, () -> join(loading, loaded)));
  }

  /**
   * The snapshot is there (or its fallback is to be made): joins it to what the log has kept since
   * arming.
   */
  private void join(Handshake loading, Handshake.Loaded loaded) {
    if (isClosing() || hasLostItsRight()) {
      return;
    }
    if (next < log.head()) {
      overtakenWhileLoading(loading);
      return;
    }
    subscriber.snapshot(() -> loading.show(loaded), settled);
    start();
  }

  /**
   * Asks the log, for the lane may not have read yet what was revoked before the state was read.
   */
  private boolean hasLostItsRight() {
    long unread = Math.max(grants.originalSince(), lane.cursor());
    Optional<List<Entry.OfRevocation>> known = revocationsSince(OptionalLong.of(unread));
    if (known.isEmpty()) {
      unproven();
      return true;
    }
    for (Entry.OfRevocation entry : known.get()) {
      if (grants.isOriginalConcerned(entry.sequence, entry.revocation.scope())) {
        endHere(CloseReason.REVOKED);
        return true;
      }
    }
    return false;
  }

  private void overtakenWhileLoading(Handshake loading) {
    if (isToDisconnect() || !loading.mayTryAgain()) {
      endHere(CloseReason.SLOW);
      return;
    }
    rearm();
    begin();
  }

  private void start() {
    if (subscriber.start(settled)) {
      catchUp();
    }
  }

  @Override
  void begin() {
    if (handshake != null) {
      loadSnapshot(handshake);
      return;
    }
    subscriber.batchEnd();
    catchUp();
  }

  @Override
  @Nullable Snapshot overlapping(Entry.OfEvent event) {
    return handshake == null ? null : handshake.overlapping(event);
  }

  @Override
  boolean mayOverlap() {
    return handshake != null && handshake.mayOverlap();
  }

  // ---- Rights, on the lane

  private void widenNow(Widenings.Widening widening) {
    FilterIndex<Rider> filters = index;
    if (isClosing() || filters == null) {
      widening.refuse(closedMeanwhile());
      return;
    }
    // First the place, then the question what was revoked before it; the rest is read by the lane.
    Log.Place place = log.now();
    Optional<List<Entry.OfRevocation>> known = revocationsSince(widening.since);
    if (known.isEmpty()) {
      widening.refuse(
          new BrokerException(
              "widening of "
                  + principal()
                  + ": "
                  + CloseReason.UNPROVEN.text()
                  + " (expected: a new decision)"));
      return;
    }
    for (Entry.OfRevocation entry : known.get()) {
      TopicFilter scope = entry.revocation.scope();
      if (widening.more.stream().anyMatch(scope::intersects)) {
        widening.refuse(
            new BrokerException(
                "widening of "
                    + principal()
                    + ": "
                    + scope
                    + " was revoked at "
                    + entry.place
                    + " (expected: a decision made after that)"));
        return;
      }
    }
    memberships.addAll(filters.addAll(this, notYetAskedFor(widening.more)));
    grant(widening.more, widening.since.orElseThrow(), place.next());
    widening.complete(furthest(cursor(), place.cursor()));
  }

  /** Nobody is under the same filter twice, or a lane would serve it twice. */
  private List<TopicFilter> notYetAskedFor(List<TopicFilter> more) {
    return more.stream().filter(filter -> !grants.filters().contains(filter)).toList();
  }

  private void refuseWidenings() {
    widenings.refuseAll(principal());
  }

  private BrokerException closedMeanwhile() {
    return new BrokerException.Closed("subscription of " + principal());
  }

  // ---- The end

  private void end() {
    memberships.forEach(FilterIndex.Membership::remove);
    memberships.clear();
    lane.detach(this);
    endedWithoutLane();
  }

  /** The part of the end that needs no lane: for a lane whose executor takes no more tasks, too. */
  void endedWithoutLane() {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    if (handshake != null) {
      handshake.giveUp();
    }
    var unused = CLOSING.compareAndSet(this, null, CloseReason.SHUTDOWN);
    settled = cursor();
    become(State.CLOSED);
    CloseReason known = closing;
    CloseReason reason = known == null ? CloseReason.SHUTDOWN : known;
    around.onEnd().accept(this);
    around.observer().subscriptionClosed(request.principal(), reason);
    refuseWidenings();
    subscriber.closed(reason);
  }

  /** What all subscriptions of a broker share. */
  record Surroundings(
      Log log,
      SnapshotLoader snapshots,
      Duration snapshotTimeout,
      InstantSource clock,
      Counters counters,
      BrokerObserver observer,
      Consumer<LaneSubscription> onEnd) {}
}
