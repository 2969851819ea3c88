package dev.eventbroker.engine;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription.State;
import dev.eventbroker.TopicFilter;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One subscription's reading of the log: a place, and the question "are you ready?". There is no
 * queue here: while the subscriber is ready it rides its lane's cursor; when it is not, {@link
 * #next} is all that is remembered. How a reading begins and ends is left to who extends it.
 */
abstract class Reading extends Rider {

  final Lane lane;
  final Log log;
  final SubscribeRequest request;
  final GuardedSubscriber subscriber;
  final Grants grants;

  /** From where on revocations apply to what it was made with; empty if nobody knows any more. */
  final OptionalLong authorizedSince;

  private final LagBounds bounds;
  private final Counters counters;
  private final BrokerObserver observer;

  // Any thread reads these; the lane's thread writes them.
  private volatile State state = State.ARMED;
  volatile EventId settled;

  // The lane's thread only.
  long next;
  private long armedAt;
  private @Nullable Replay replay;
  private @Nullable Conflation conflation;

  /**
   * Nothing of what comes can be hidden from it but by an audience: it was found to be so while it
   * was live, and nothing has changed since.
   */
  private boolean smooth;

  /** Where the run was whole before a revocation hid something that it has not been told of. */
  private @Nullable EventId hiddenFrom;

  private long lastRevoked;

  Reading(
      Lane lane,
      Log log,
      InstantSource clock,
      Counters counters,
      BrokerObserver observer,
      SubscribeRequest request,
      Subscriber subscriber,
      Log.Place place,
      OptionalLong authorizedSince) {
    this.lane = lane;
    this.log = log;
    this.request = request;
    this.counters = counters;
    this.observer = observer;
    this.subscriber = new GuardedSubscriber(this, subscriber);
    this.next = place.next();
    this.settled = place.cursor();
    this.armedAt = place.tail();
    this.authorizedSince = authorizedSince;
    this.grants = new Grants(request.filters(), authorizedSince.orElse(0), next);
    this.bounds = new LagBounds(request.lagPolicy(), log, clock);
  }

  // ---- Left to who extends it

  /** Any thread; only the first call counts. */
  public abstract void close(CloseReason reason);

  /** The snapshot of the run that may hold this event already; null if there is none. */
  abstract @Nullable Snapshot overlapping(Entry.OfEvent event);

  /** Whether there is a snapshot that may hold what is still to be read. */
  abstract boolean mayOverlap();

  /** It is armed where the log is now: begins the run anew. */
  abstract void begin();

  // ---- Where it is

  /** Any thread, but exact on the lane only. */
  public EventId cursor() {
    EventId own = settled;
    if (state != State.LIVE) {
      return own;
    }
    return furthest(own, lane.settled());
  }

  final State place() {
    return state;
  }

  @Override
  boolean isLive() {
    return state == State.LIVE;
  }

  @Override
  String principal() {
    return request.principal();
  }

  @Override
  void failed() {
    close(CloseReason.FAILED);
  }

  @Override
  Object subscriber() {
    return subscriber.itself();
  }

  final void become(State now) {
    if (state == State.PAUSED) {
      counters.lagging.decrementAndGet();
    }
    if (now == State.PAUSED) {
      counters.lagging.incrementAndGet();
    }
    state = now;
    smooth = false;
  }

  /** Reads what the log has kept, in turn with the others of the lane. */
  final void catchUp() {
    become(State.BACKLOG);
    lane.catchUp(this);
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
    Replay run = replay;
    if (run == null || !run.goesOn(grants.filters(), next, end)) {
      run = Replay.of(log, grants.filters(), next, settled, end, placeUpTo(end));
      replay = run;
    }
    run.read(atMost, this::takeKept);
    next = run.position();
    settled = furthest(settled, run.settled());
    if (run.isOvertaken()) {
      replay = null;
      overtaken();
      return false;
    }
    subscriber.batchEnd();
    if (isClosing() || state == State.PAUSED) {
      return false;
    }
    if (next >= lane.cursor()) {
      replay = null;
      conflation = null;
      become(State.LIVE);
      return false;
    }
    return true;
  }

  /** The place before that sequence, or an older one. */
  private EventId placeUpTo(long end) {
    if (end >= lane.cursor()) {
      return lane.settled();
    }
    Entry last = log.get(end - 1);
    return last == null ? settled : last.place;
  }

  private boolean takeKept(Entry entry) {
    if (isClosing() || !take(entry)) {
      return false;
    }
    if (conflation != null && entry instanceof Entry.OfEvent event) {
      conflation.forget(event);
    }
    return true;
  }

  @Override
  void takeBatch(Batch batch, long part) {
    if (!smooth) {
      smooth = isSmooth();
    }
    long left = smooth && batch.isOpen(part) ? ride(batch, part) : takeEach(batch, part);
    if (left != 0) {
      stopAt(batch, Long.numberOfTrailingZeros(left));
    }
    subscriber.batchEnd();
  }

  /** The hot path: nothing is to be asked but the subscriber. */
  private long ride(Batch batch, long part) {
    int count = Long.bitCount(part);
    int taken = subscriber.events(batch.events(part), count);
    lane.delivered(taken);
    return taken == count ? 0 : Batch.after(part, taken);
  }

  private long takeEach(Batch batch, long part) {
    for (long left = part; left != 0; left &= left - 1) {
      Entry entry = batch.get(Long.numberOfTrailingZeros(left));
      if (isClosing() || (entry.sequence >= next && !take(entry))) {
        return left;
      }
    }
    return 0;
  }

  /** What comes before that entry of the batch is settled, and nothing from there on. */
  private void stopAt(Batch batch, int at) {
    settled = furthest(settled, at == 0 ? lane.settled() : batch.get(at - 1).place);
    if (isClosing()) {
      become(State.CLOSED); // the lane goes on, and this one's cursor must not go with it
    } else if (state == State.LIVE) {
      pause(batch.get(at).sequence);
    }
  }

  /**
   * Delivers an entry unless something hides it; false if the subscriber was not ready, and now is
   * paused there, or if it is closing and did not get it.
   */
  private boolean take(Entry entry) {
    if (entry instanceof Entry.OfEvent event) {
      return takeEvent(event);
    }
    if (entry instanceof Entry.OfGap broken) {
      return !grants.askFor(broken.gap.scope()) || (isReady(entry.sequence) && tellGap(broken.gap));
    }
    return !(entry instanceof Entry.OfRevocation revocation) || takeRevocation(revocation);
  }

  private boolean takeEvent(Entry.OfEvent event) {
    if (!smooth && isSettled(event)) {
      return true;
    }
    if (!maySee(event)) {
      lane.filtered();
      return true;
    }
    if (conflation != null && conflation.leaveOut(event, placeBefore(event))) {
      return true;
    }
    if (!subscriber.event(event)) {
      pause(event.sequence);
      return false;
    }
    lane.delivered(1);
    return true;
  }

  /** Of all that a delivery asks for, whatever has the same answer for each event from now on. */
  private boolean isSmooth() {
    long reached = lane.cursor();
    return isLive()
        && reached >= Math.max(next, armedAt)
        && furthest(settled, lane.settled()).equals(lane.settled())
        && !mayOverlap()
        && grants.areSimple();
  }

  private boolean maySee(Entry.OfEvent event) {
    return (smooth || grants.areSimple() || grants.see(event))
        && (event.forEveryone || event.event.audience().includes(request.principal()));
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
    Snapshot shown = event.placed ? overlapping(event) : null;
    return shown != null
        && grants.isOriginalSeeing(event)
        && subscriber.test(() -> shown.includes(event));
  }

  private boolean isBehind(Entry.OfEvent event) {
    if (!event.placed) {
      return event.sequence < armedAt;
    }
    return event.place.position() <= settled.position()
        && event.place.epoch().equals(settled.epoch());
  }

  private boolean isReady(long sequence) {
    if (subscriber.isReady()) {
      return true;
    }
    pause(sequence);
    return false;
  }

  /** It was not ready, and goes on from there when it is; unless it is closing. */
  private void pause(long sequence) {
    if (isClosing()) {
      return;
    }
    next = sequence;
    become(State.PAUSED);
    if (isToDisconnect() && request.lagPolicy().isBounded()) {
      lane.watch(this);
    }
  }

  /**
   * What was read, unless this one was armed, or came from another node, ahead of what this node
   * has read.
   */
  static EventId furthest(EventId own, EventId read) {
    boolean ahead = read.epoch().equals(own.epoch()) && read.position() < own.position();
    return ahead ? own : read;
  }

  // ---- Falling behind, on the lane

  final void woken() {
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
        catchUp();
        return;
      }
    }
    if (isToDisconnect() || isClosing()) {
      endHere(CloseReason.SLOW);
      return;
    }
    if (!isReady(next)) {
      if (isClosing()) {
        endHere(CloseReason.SLOW); // asking it was its end, and it was not told what was lost
        return;
      }
      subscriber.batchEnd();
      return;
    }
    if (isToConflate()) {
      goOnWithWhatIsLeft();
    } else {
      resync();
    }
  }

  private void resync() {
    if (request.snapshot().isPresent() && !grants.isOriginalWhole()) {
      endHere(CloseReason.REVOKED);
      return;
    }
    rearm();
    begin();
  }

  /** Arms it anew where the log is now, and tells it so. */
  final void rearm() {
    become(State.ARMED);
    Log.Place place = log.now();
    next = place.next();
    armedAt = place.tail();
    conflation = null;
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
    subscriber.batchEnd(); // the gap need not wait for the next turn, or for a long look ahead
    catchUp();
  }

  private static EventId placeBefore(Entry entry) {
    return entry.placed
        ? new EventId(entry.place.epoch(), entry.place.position() - 1)
        : entry.place;
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

  final boolean isToDisconnect() {
    return request.lagPolicy().kind() == LagPolicy.Kind.DISCONNECT;
  }

  private boolean isToConflate() {
    return request.lagPolicy().kind() == LagPolicy.Kind.CONFLATE;
  }

  // ---- Rights, on the lane

  /** It may see more from that sequence on, under a decision that revocations follow since. */
  final void grant(List<TopicFilter> more, long since, long from) {
    smooth = false;
    grants.add(more, since, from);
  }

  @Override
  boolean revoke(Entry.OfRevocation entry) {
    TopicFilter scope = entry.revocation.scope();
    if (isClosing() || !grants.revoke(entry.sequence, scope)) {
      return false;
    }
    smooth = false;
    boolean isLoading = state == State.SNAPSHOT && !grants.isOriginalWhole();
    if (isLoading || grants.areUsedUp()) {
      endHere(CloseReason.REVOKED);
      return false;
    }
    if (entry.sequence >= next) {
      noteHidden(scope);
      lastRevoked = Math.max(lastRevoked, entry.sequence);
    }
    return true;
  }

  /** What was left out for something later is lost as well, if that is hidden now. */
  private void noteHidden(TopicFilter scope) {
    EventId whole = hiddenFrom == null ? cursor() : hiddenFrom;
    EventId leftOut = conflation == null ? null : conflation.wholeBefore(scope);
    boolean earlier =
        leftOut != null
            && leftOut.epoch().equals(whole.epoch())
            && leftOut.position() < whole.position();
    hiddenFrom = earlier ? leftOut : whole;
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
    Optional<EventId> from = wholeBefore(entry);
    if (entry.sequence >= lastRevoked) {
      hiddenFrom = null;
    }
    return tellGap(new Gap(Gap.Reason.REVOKED, from, entry.place, scope));
  }

  /**
   * Not known if it took nothing from this run, which may go on after one that it did hide from.
   */
  private Optional<EventId> wholeBefore(Entry.OfRevocation entry) {
    if (hiddenFrom != null) {
      return Optional.of(hiddenFrom);
    }
    boolean applied = entry.sequence >= authorizedSince.orElse(0);
    return applied ? Optional.of(placeBefore(entry)) : Optional.empty();
  }

  @Override
  void unproven() {
    endHere(CloseReason.UNPROVEN);
  }

  /** False if it did not get it, for it is closing. */
  final boolean tellGap(Gap gap) {
    observer.gap(request.principal(), gap);
    return subscriber.gap(gap);
  }

  /** What comes after this place was not told, so the cursor must not move past it. */
  final void endHere(CloseReason reason) {
    settled = cursor();
    become(State.CLOSED);
    close(reason);
  }
}
