package dev.eventbroker.engine;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Registration;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.TopicFilter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A place in the log and the question "are you ready?". There is no queue here: while the
 * subscriber is ready it rides its lane's cursor; when it is not, {@link #next} is all that is
 * remembered.
 *
 * <p>What a subscriber throws, of whatever kind, ends its own subscription and goes no further: in
 * the midst of a batch it would take the others of the lane with it.
 */
final class LaneSubscription extends Rider implements Subscription {

  private static final Logger log = LoggerFactory.getLogger(LaneSubscription.class);

  /**
   * Fresh snapshots in a row that a busy log may overtake before the subscription ends as too slow.
   */
  private static final int MAX_OVERTAKEN_SNAPSHOTS = 3;

  private final Lane lane;
  private final Surroundings around;
  private final SubscribeRequest request;
  private final Subscriber subscriber;
  private final Optional<EventId> asked;

  // Any thread.
  private final AtomicReference<@Nullable CloseReason> closing = new AtomicReference<>();
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicBoolean wakeQueued = new AtomicBoolean();
  private volatile State state = State.ARMED;
  private volatile Registration load = () -> {};

  // The lane's thread only; the first ones are set before the lane knows of it.
  private long next;
  private EventId settled;
  private long armedAt;
  private Optional<Gap.Reason> missed;
  private long overlapEnd;
  private @Nullable Replay replay;
  private @Nullable Snapshot snapshot;
  private int overtakenSnapshots;
  private boolean deliveredSinceBatchEnd;
  private List<FilterIndex.Membership<Rider>> memberships = List.of();

  LaneSubscription(
      Lane lane,
      Surroundings around,
      SubscribeRequest request,
      Subscriber subscriber,
      Log.Place place,
      Optional<EventId> asked) {
    this.lane = lane;
    this.around = around;
    this.request = request;
    this.subscriber = subscriber;
    this.asked = asked;
    this.next = place.next();
    this.settled = place.cursor();
    this.armedAt = place.tail();
    this.missed = place.missed();
  }

  @Override
  public State state() {
    return closing.get() != null ? State.CLOSED : state;
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
  public void close(CloseReason reason) {
    if (closing.compareAndSet(null, reason)) {
      lane.submit(this::end);
    }
  }

  Lane lane() {
    return lane;
  }

  @Override
  String principal() {
    return request.principal();
  }

  @Override
  Object subscriber() {
    return subscriber;
  }

  @Override
  boolean isLive() {
    return state == State.LIVE;
  }

  // ---- The handshake, on the lane

  @Override
  void attach(FilterIndex<Rider> index) {
    if (isClosing()) {
      return;
    }
    memberships = index.addAll(this, request.filters());
    if (missed.isPresent()) {
      Optional<EventId> from = asked.filter(id -> id.epoch().equals(settled.epoch()));
      tellGap(new Gap(missed.get(), from, settled, TopicFilter.ALL));
    }
    boolean resumed = request.lastEventId().isPresent() && missed.isEmpty();
    if (request.snapshot().isPresent() && !resumed) {
      loadSnapshot(request.snapshot().get());
    } else {
      start();
    }
  }

  private void loadSnapshot(SubscribeRequest.Loading loading) {
    if (isClosing()) {
      return;
    }
    state = State.SNAPSHOT;
    flush();
    Duration timeout = request.snapshotTimeout().orElse(around.snapshotTimeout());
    SnapshotLoader.Ending ending =
        new SnapshotLoader.Ending() {
          @Override
          public void loaded(Snapshot loaded) {
            long tail = around.log().tail();
            lane.submit(() -> join(loading, loaded, tail));
          }

          @Override
          public void failed() {
            lane.submit(() -> join(loading, null, 0));
          }
        };
    load = around.snapshots().load(request.principal(), loading, timeout, ending);
  }

  /**
   * The snapshot is there (or its fallback is to be made): joins it to what the log has kept since
   * arming.
   */
  private void join(SubscribeRequest.Loading loading, @Nullable Snapshot loaded, long tail) {
    if (isClosing()) {
      return;
    }
    if (next < around.log().head()) {
      overtakenWhileLoading(loading);
      return;
    }
    guarded(
        () -> {
          Snapshot shown = loaded == null ? loading.fallback() : loaded;
          overtakenSnapshots = 0;
          snapshot = shown;
          overlapEnd = tail;
          subscriber.onSnapshot(shown, settled);
          deliveredSinceBatchEnd = true;
        });
    start();
  }

  private void overtakenWhileLoading(SubscribeRequest.Loading loading) {
    overtakenSnapshots++;
    if (overtakenSnapshots >= MAX_OVERTAKEN_SNAPSHOTS
        || request.lagPolicy() == LagPolicy.DISCONNECT) {
      close(CloseReason.SLOW);
      return;
    }
    rearm();
    loadSnapshot(loading);
  }

  private void start() {
    if (isClosing()) {
      return;
    }
    guarded(() -> subscriber.onStart(settled));
    deliveredSinceBatchEnd = true;
    state = State.BACKLOG;
    lane.catchUp(this);
  }

  // ---- Reading, on the lane

  @Override
  boolean readBacklog(int atMost) {
    Replay run = replay;
    if (run == null || !run.goesOn(request.filters(), next)) {
      run =
          Replay.of(around.log(), request.filters(), next, settled, lane.cursor(), lane.settled());
      replay = run;
    }
    run.read(atMost, entry -> !isClosing() && take(entry));
    next = run.position();
    settled = furthest(settled, run.settled());
    if (run.isOvertaken()) {
      replay = null;
      overtaken();
      return false;
    }
    flush();
    if (isClosing() || state == State.PAUSED) {
      return false;
    }
    if (next >= lane.cursor()) {
      replay = null;
      state = State.LIVE;
      return false;
    }
    return true;
  }

  @Override
  void takeBatch(Entry[] batch, long part) {
    for (long left = part; left != 0; left &= left - 1) {
      int index = Long.numberOfTrailingZeros(left);
      Entry entry = batch[index];
      if (isClosing() || (entry.sequence >= next && !take(entry))) {
        settled = furthest(settled, index == 0 ? lane.settled() : batch[index - 1].place());
        if (isClosing()) {
          state = State.CLOSED; // the lane goes on, and this one's cursor must not go with it
        }
        break;
      }
    }
    flush();
  }

  /** Its policy decides. */
  @Override
  void overtaken() {
    if (isClosing() || request.lagPolicy() == LagPolicy.DISCONNECT) {
      settled = cursor();
      state = State.CLOSED; // what was lost was not told, so its cursor must not move past it
      close(CloseReason.SLOW);
      return;
    }
    rearm();
    if (request.snapshot().isPresent()) {
      loadSnapshot(request.snapshot().get());
    } else {
      flush();
      state = State.BACKLOG;
      lane.catchUp(this);
    }
  }

  /**
   * Called for riders too, so the place before the gap is the one it had settled by itself or with
   * its lane.
   */
  private void rearm() {
    EventId from = cursor();
    state = State.ARMED;
    Log.Place place = around.log().now();
    next = place.next();
    settled = place.cursor();
    armedAt = place.tail();
    snapshot = null;
    if (!tellGap(new Gap(Gap.Reason.SLOW, Optional.of(from), settled, TopicFilter.ALL))) {
      settled = from;
    }
  }

  private void woken() {
    wakeQueued.set(false);
    if (state == State.PAUSED && !isClosing()) {
      state = State.BACKLOG;
      around.counters().lagging.decrementAndGet();
      lane.catchUp(this);
    }
  }

  /**
   * Delivers an entry unless something hides it; false if the subscriber was not ready, and now is
   * paused there, or if it is closing and did not get it.
   */
  private boolean take(Entry entry) {
    if (entry instanceof Entry.OfGap broken) {
      return !concerns(broken.gap.scope()) || (isReady(entry.sequence) && tellGap(broken.gap));
    }
    if (!(entry instanceof Entry.OfEvent event) || isSettled(event)) {
      return true;
    }
    if (!event.event.audience().includes(request.principal())) {
      lane.filtered();
      return true;
    }
    if (!isReady(entry.sequence)) {
      return false;
    }
    try {
      subscriber.onEvent(event);
      lane.delivered();
      deliveredSinceBatchEnd = true;
      return true;
    } catch (Throwable e) {
      failed(e);
      return false;
    }
  }

  /** Whether the event is one that the run has behind it already, though the log has it ahead. */
  private boolean isSettled(Entry.OfEvent event) {
    if (!event.placed) {
      return event.sequence < armedAt;
    }
    if (event.position <= settled.position() && event.epoch.equals(settled.epoch())) {
      return true;
    }
    if (event.sequence >= overlapEnd) {
      snapshot = null; // it may be large, and has nothing to say any more
      return false;
    }
    Snapshot shown = snapshot;
    return shown != null && guardedTest(() -> shown.includes(event));
  }

  private boolean isReady(long sequence) {
    boolean ready = guardedTest(subscriber::ready);
    if (ready && !isClosing()) {
      return true;
    }
    if (!isClosing()) {
      next = sequence;
      state = State.PAUSED;
      around.counters().lagging.incrementAndGet();
    }
    return false;
  }

  private boolean concerns(TopicFilter scope) {
    for (TopicFilter filter : request.filters()) {
      if (filter.intersects(scope)) {
        return true;
      }
    }
    return false;
  }

  /**
   * What was read, unless this one was armed, or came from another node, ahead of what this node
   * has read.
   */
  private static EventId furthest(EventId own, EventId read) {
    boolean ahead = read.epoch().equals(own.epoch()) && read.position() < own.position();
    return ahead ? own : read;
  }

  // ---- The subscriber, guarded

  /** False if it did not get it, for it is closing. */
  private boolean tellGap(Gap gap) {
    around.observer().gap(request.principal(), gap);
    deliveredSinceBatchEnd = true;
    return guarded(() -> subscriber.onGap(gap));
  }

  private void flush() {
    if (deliveredSinceBatchEnd && !isClosing()) {
      deliveredSinceBatchEnd = false;
      guarded(subscriber::onBatchEnd);
    }
  }

  /** Whether the call was made and came back. */
  private boolean guarded(Runnable call) {
    if (isClosing()) {
      return false;
    }
    try {
      call.run();
      return true;
    } catch (Throwable e) {
      failed(e);
      return false;
    }
  }

  private boolean guardedTest(BooleanSupplier test) {
    try {
      return test.getAsBoolean();
    } catch (Throwable e) {
      failed(e);
      return false;
    }
  }

  private void failed(Throwable cause) {
    log.warn(
        "closing the subscription of {}, which threw: {}", request.principal(), subscriber, cause);
    close(CloseReason.FAILED);
  }

  private boolean isClosing() {
    return closing.get() != null;
  }

  // ---- The end

  private void end() {
    memberships.forEach(FilterIndex.Membership::remove);
    memberships = List.of();
    lane.detach(this);
    endedWithoutLane();
  }

  /** The part of the end that needs no lane: for a lane whose executor takes no more tasks, too. */
  void endedWithoutLane() {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    load.close();
    closing.compareAndSet(null, CloseReason.SHUTDOWN);
    if (state == State.PAUSED) {
      around.counters().lagging.decrementAndGet();
    }
    settled = cursor();
    state = State.CLOSED;
    CloseReason reason = closing.get();
    around.onEnd().accept(this);
    around
        .observer()
        .subscriptionClosed(request.principal(), reason == null ? CloseReason.SHUTDOWN : reason);
    try {
      subscriber.onClose(reason == null ? CloseReason.SHUTDOWN : reason);
    } catch (Throwable e) {
      log.warn("a subscriber threw while it was closed: {}", subscriber, e);
    }
  }

  /** What all subscriptions of a broker share. */
  record Surroundings(
      Log log,
      SnapshotLoader snapshots,
      Duration snapshotTimeout,
      Counters counters,
      BrokerObserver observer,
      Consumer<LaneSubscription> onEnd) {}
}
