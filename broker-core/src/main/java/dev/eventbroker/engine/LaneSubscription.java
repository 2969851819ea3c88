package dev.eventbroker.engine;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Authorized;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
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
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A place in the log and the question "are you ready?". There is no queue here: while the
 * subscriber is ready it rides its lane's cursor; when it is not, {@link #next} is all that is
 * remembered.
 */
final class LaneSubscription extends Rider implements Subscription {

  private final Lane lane;
  private final Surroundings around;
  private final Log log;
  private final SubscribeRequest request;
  private final GuardedSubscriber subscriber;
  private final Optional<EventId> asked;
  private final OptionalLong authorizedSince;
  private final LagBounds bounds;
  private final @Nullable Handshake handshake;

  // Any thread.
  private final AtomicReference<@Nullable CloseReason> closing = new AtomicReference<>();
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicBoolean wakeQueued = new AtomicBoolean();
  private final Widenings widenings;
  private volatile State state = State.ARMED;

  // The lane's thread only; the first ones are set before the lane knows of it.
  private long next;
  private EventId settled;
  private long armedAt;
  private final Optional<Gap.Reason> missed;
  private final Grants grants;
  private final List<FilterIndex.Membership<Rider>> memberships = new ArrayList<>(1);
  private @Nullable FilterIndex<Rider> index;
  private @Nullable Conflation conflation;

  /** Where the run was whole before a revocation hid something that it has not been told of. */
  private @Nullable EventId hiddenFrom;

  private long lastRevoked;

  LaneSubscription(
      Lane lane,
      Surroundings around,
      SubscribeRequest request,
      Subscriber subscriber,
      Log.Place place,
      Optional<EventId> asked) {
    this.lane = lane;
    this.around = around;
    this.log = around.log();
    this.request = request;
    this.subscriber =
        new GuardedSubscriber(
            subscriber, request.principal(), this::isClosing, () -> close(CloseReason.FAILED));
    this.asked = asked;
    this.next = place.next();
    this.settled = place.cursor();
    this.armedAt = place.tail();
    this.missed = place.missed();
    this.authorizedSince = since(request.asOf(), place.tail());
    this.grants = new Grants(request.filters(), authorizedSince.orElse(0), next);
    this.widenings = new Widenings(request.filters().size());
    this.bounds = new LagBounds(request.lagPolicy(), log, around.clock());
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
  private OptionalLong since(Optional<EventId> asOf, long now) {
    return asOf.isEmpty() ? OptionalLong.of(now) : log.sequenceAfter(asOf.get());
  }

  // ---- Any thread

  @Override
  public State state() {
    return isClosing() ? State.CLOSED : state;
  }

  @Override
  public EventId cursor() {
    EventId own = settled;
    if (state != State.LIVE) {
      return own;
    }
    return furthest(own, lane.settled());
  }

  @Override
  public void wake() {
    if (wakeQueued.compareAndSet(false, true)) {
      lane.submit(this::woken);
    }
  }

  @Override
  public CompletionStage<EventId> widen(Authorized<?> by, List<TopicFilter> more) {
    requireNonNull(by, "by");
    if (!by.principal().equals(request.principal())) {
      throw new IllegalArgumentException(
          "principal: " + by.principal() + " (expected: " + request.principal() + ")");
    }
    Widenings.Widening widening = widenings.begin(List.copyOf(more), since(by.asOf(), log.tail()));
    lane.submit(() -> widenNow(widening));
    if (ended.get()) {
      refuseWidenings();
    }
    return widening.stage();
  }

  @Override
  public void close(CloseReason reason) {
    requireNonNull(reason, "reason");
    if (closing.compareAndSet(null, reason)) {
      lane.submit(this::end);
    }
  }

  private boolean isClosing() {
    return closing.get() != null;
  }

  Lane lane() {
    return lane;
  }

  @Override
  String principal() {
    return request.principal();
  }

  @Override
  boolean isLive() {
    return state == State.LIVE;
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

  private void loadSnapshot(Handshake state) {
    if (isClosing()) {
      return;
    }
    if (!grants.isOriginalWhole()) {
      endHere(CloseReason.REVOKED);
      return;
    }
    become(State.SNAPSHOT);
    subscriber.batchEnd();
    state.begin(loaded -> lane.submit(() -> join(state, loaded)));
  }

  /**
   * The snapshot is there (or its fallback is to be made): joins it to what the log has kept since
   * arming.
   */
  private void join(Handshake state, Handshake.Loaded loaded) {
    if (isClosing() || hasLostItsRight()) {
      return;
    }
    if (next < log.head()) {
      overtakenWhileLoading(state);
      return;
    }
    subscriber.snapshot(() -> state.show(loaded), settled);
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

  private void overtakenWhileLoading(Handshake state) {
    if (isToDisconnect() || !state.mayTryAgain()) {
      endHere(CloseReason.SLOW);
      return;
    }
    rearm();
    loadSnapshot(state);
  }

  private void start() {
    if (subscriber.start(settled)) {
      become(State.BACKLOG);
      lane.catchUp(this);
    }
  }

  // ---- Reading, on the lane

  @Override
  boolean readBacklog(int atMost) {
    if (isClosing()) {
      return false;
    }
    if (next < log.head() && next < lane.cursor()) {
      overtaken();
      return false;
    }
    long end = lane.cursor();
    if (conflation != null) {
      if (!conflation.lookAhead(log, end, atMost, this::isFor)) {
        return true;
      }
      end = Math.min(end, conflation.end());
    }
    return read(atMost, end);
  }

  private boolean read(int atMost, long end) {
    Entry last = null;
    for (int read = 0; read < atMost && next < end && !isClosing(); read++) {
      Entry entry = log.get(next);
      if (entry == null) {
        settle(last);
        overtaken();
        return false;
      }
      if (concerns(entry) && !take(entry)) {
        break;
      }
      if (conflation != null && entry instanceof Entry.OfEvent event) {
        conflation.forget(event);
      }
      last = entry;
      next++;
    }
    settle(last);
    subscriber.batchEnd();
    if (isClosing() || state == State.PAUSED) {
      return false;
    }
    if (next >= lane.cursor()) {
      conflation = null;
      become(State.LIVE);
      return false;
    }
    return true;
  }

  @Override
  void takeBatch(Entry[] batch, long part) {
    for (long left = part; left != 0; left &= left - 1) {
      int at = Long.numberOfTrailingZeros(left);
      Entry entry = batch[at];
      if (isClosing() || (entry.sequence >= next && !take(entry))) {
        settled = furthest(settled, at == 0 ? lane.settled() : batch[at - 1].place());
        if (isClosing()) {
          become(State.CLOSED); // the lane goes on, and this one's cursor must not go with it
        }
        break;
      }
    }
    subscriber.batchEnd();
  }

  private boolean concerns(Entry entry) {
    return !(entry instanceof Entry.OfEvent event) || grants.match(event.event.topic());
  }

  /**
   * Delivers an entry unless something hides it; false if the subscriber was not ready, and now is
   * paused there, or if it is closing and did not get it.
   */
  private boolean take(Entry entry) {
    if (entry instanceof Entry.OfGap broken) {
      return !grants.askFor(broken.gap.scope()) || (isReady(entry.sequence) && tellGap(broken.gap));
    }
    if (entry instanceof Entry.OfRevocation revocation) {
      return takeRevocation(revocation);
    }
    if (!(entry instanceof Entry.OfEvent event) || isSettled(event)) {
      return true;
    }
    if (!maySee(event)) {
      lane.filtered();
      return true;
    }
    if (conflation != null && conflation.supersedes(event)) {
      return true;
    }
    if (!isReady(entry.sequence) || !subscriber.event(event)) {
      return false;
    }
    lane.delivered();
    return true;
  }

  private boolean maySee(Entry.OfEvent event) {
    return (grants.areSimple() || grants.see(event))
        && event.event.audience().includes(request.principal());
  }

  /** Whether it would be delivered, as far as can be told without asking the snapshot. */
  private boolean isFor(Entry.OfEvent event) {
    return grants.match(event.event.topic()) && maySee(event) && !isBehind(event);
  }

  /** Whether the event is one that the run has behind it already, though the log has it ahead. */
  private boolean isSettled(Entry.OfEvent event) {
    if (isBehind(event)) {
      return true;
    }
    if (handshake == null || !event.placed) {
      return false;
    }
    Snapshot shown = handshake.overlapping(event);
    return shown != null
        && grants.isOriginalSeeing(event)
        && subscriber.test(() -> shown.includes(event));
  }

  private boolean isBehind(Entry.OfEvent event) {
    if (!event.placed) {
      return event.sequence < armedAt;
    }
    return event.position <= settled.position() && event.epoch.equals(settled.epoch());
  }

  private boolean isReady(long sequence) {
    if (subscriber.isReady()) {
      return true;
    }
    if (!isClosing()) {
      next = sequence;
      become(State.PAUSED);
      if (isToDisconnect() && request.lagPolicy().isBounded()) {
        lane.watch(this);
      }
    }
    return false;
  }

  private void settle(@Nullable Entry last) {
    if (last != null) {
      settled = furthest(settled, last.place());
    }
  }

  /**
   * What was read, unless this one was armed, or came from another node, ahead of what this node
   * has read.
   */
  private static EventId furthest(EventId own, EventId read) {
    boolean ahead = read.epoch().equals(own.epoch()) && read.position() < own.position();
    return ahead ? own : read;
  }

  // ---- Falling behind, on the lane

  private void woken() {
    wakeQueued.set(false);
    if (state != State.PAUSED || isClosing()) {
      return;
    }
    lane.unwatch(this);
    become(State.BACKLOG);
    if (conflation == null && isToConflate()) {
      conflation = new Conflation(next);
    }
    if (lagsBeyondBounds()) {
      overtaken();
    } else {
      lane.catchUp(this);
    }
  }

  @Override
  void lookAtLag() {
    if (state == State.PAUSED && !isClosing() && lagsBeyondBounds()) {
      overtaken();
    }
  }

  private boolean lagsBeyondBounds() {
    long counted = Math.max(next, armedAt);
    return bounds.firstWithin(counted) > counted;
  }

  /** Its policy decides. */
  @Override
  void overtaken() {
    settled = cursor();
    if (state == State.LIVE) {
      next = Math.max(next, lane.cursor());
      if (next >= log.head() && !isClosing()) {
        // It was armed ahead of its lane, and only the lane has lost something.
        become(State.BACKLOG);
        lane.catchUp(this);
        return;
      }
    }
    if (isToDisconnect() || isClosing()) {
      endHere(CloseReason.SLOW);
      return;
    }
    if (!isReady(next)) {
      return;
    }
    if (isToConflate()) {
      goOnWithWhatIsLeft();
    } else {
      resync();
    }
  }

  private void resync() {
    if (handshake != null && !grants.isOriginalWhole()) {
      endHere(CloseReason.REVOKED);
      return;
    }
    rearm();
    if (handshake != null) {
      loadSnapshot(handshake);
      return;
    }
    subscriber.batchEnd();
    become(State.BACKLOG);
    lane.catchUp(this);
  }

  /** Arms it anew where the log is now, and tells it so. */
  private void rearm() {
    become(State.ARMED);
    Log.Place place = log.now();
    next = place.next();
    armedAt = place.tail();
    conflation = null;
    if (handshake != null) {
      handshake.forget();
    }
    tellWhatWasLost(place.cursor());
  }

  /** The oldest entry that the log and the bounds have left is the next one. */
  private void goOnWithWhatIsLeft() {
    long counted = Math.max(next, armedAt);
    long within = bounds.firstWithin(counted);
    long first = within > counted ? within : next;
    Entry oldest = null;
    while (oldest == null && first < log.tail()) {
      first = Math.max(first, log.head());
      oldest = log.get(first);
    }
    next = first;
    if (conflation == null) {
      conflation = new Conflation(first);
    }
    conflation.forgetBefore(first);
    tellWhatWasLost(oldest == null ? log.cursor() : placeBefore(oldest));
    become(State.BACKLOG);
    lane.catchUp(this);
  }

  private static EventId placeBefore(Entry entry) {
    return entry.placed ? new EventId(entry.epoch, entry.position - 1) : entry.place();
  }

  /** The gap starts where the run was whole, so it covers too what a revocation has hidden. */
  private void tellWhatWasLost(EventId to) {
    EventId before = settled;
    EventId from = hiddenFrom == null ? before : hiddenFrom;
    settled = to;
    if (next > lastRevoked) {
      hiddenFrom = null;
    }
    if (!tellGap(new Gap(Gap.Reason.SLOW, Optional.of(from), to, TopicFilter.ALL))) {
      settled = before;
    }
  }

  private boolean isToDisconnect() {
    return request.lagPolicy().kind() == LagPolicy.Kind.DISCONNECT;
  }

  private boolean isToConflate() {
    return request.lagPolicy().kind() == LagPolicy.Kind.CONFLATE;
  }

  // ---- Rights, on the lane

  @Override
  boolean revoke(Entry.OfRevocation entry) {
    TopicFilter scope = entry.revocation.scope();
    if (isClosing() || !grants.revoke(entry.sequence, scope)) {
      return false;
    }
    boolean isLoading = state == State.SNAPSHOT && !grants.isOriginalWhole();
    if (isLoading || grants.areUsedUp()) {
      endHere(CloseReason.REVOKED);
      return false;
    }
    if (entry.sequence >= next) {
      hiddenFrom = hiddenFrom == null ? cursor() : hiddenFrom;
      lastRevoked = Math.max(lastRevoked, entry.sequence);
    }
    return true;
  }

  /** Comes to the place of a revocation, which was applied long since if it takes something. */
  private boolean takeRevocation(Entry.OfRevocation entry) {
    TopicFilter scope = entry.revocation.scope();
    if (!entry.revocation.principal().equals(request.principal()) || !grants.askFor(scope)) {
      return true;
    }
    if (!isReady(entry.sequence)) {
      return false;
    }
    EventId from = hiddenFrom == null ? placeBefore(entry) : hiddenFrom;
    if (entry.sequence >= lastRevoked) {
      hiddenFrom = null;
    }
    return tellGap(new Gap(Gap.Reason.REVOKED, Optional.of(from), entry.place(), scope));
  }

  @Override
  void unproven() {
    endHere(CloseReason.UNPROVEN);
  }

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
                    + entry.place()
                    + " (expected: a decision made after that)"));
        return;
      }
    }
    memberships.addAll(filters.addAll(this, widening.more));
    grants.add(widening.more, widening.since.orElseThrow(), place.next());
    widening.complete(furthest(cursor(), place.cursor()));
  }

  private void refuseWidenings() {
    widenings.refuseAll("subscription of " + principal());
  }

  private BrokerException closedMeanwhile() {
    return new BrokerException.Closed("subscription of " + principal());
  }

  /** False if it did not get it, for it is closing. */
  private boolean tellGap(Gap gap) {
    around.counters().gaps.increment();
    around.observer().gap(request.principal(), gap);
    return subscriber.gap(gap);
  }

  private void become(State now) {
    if (state == State.PAUSED) {
      around.counters().lagging.decrementAndGet();
    }
    if (now == State.PAUSED) {
      around.counters().lagging.incrementAndGet();
    }
    state = now;
  }

  // ---- The end

  /** What comes after this place was not told, so the cursor must not move past it. */
  private void endHere(CloseReason reason) {
    settled = cursor();
    become(State.CLOSED);
    close(reason);
  }

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
    closing.compareAndSet(null, CloseReason.SHUTDOWN);
    settled = cursor();
    become(State.CLOSED);
    CloseReason known = closing.get();
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
