package dev.eventbroker.engine;

import dev.eventbroker.EventId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that reads the log once for all subscriptions that live on it. It owns its index and
 * its subscriptions; nothing else touches them, so there is no lock here. Others hand it commands,
 * and wake it when the log has grown.
 *
 * <p>A batch is matched topic by topic and then delivered subscriber by subscriber: each
 * subscriber's memory is touched once, and its batch end follows at once.
 */
final class Lane implements Runnable {

  private static final Logger log = LoggerFactory.getLogger(Lane.class);

  /**
   * Batches and backlog slices before the thread is given back: an event loop has sockets to serve
   * as well.
   */
  private static final int ROUNDS = 8;

  /**
   * How often a lane with a thread of its own looks for more before the thread sleeps. To wake it
   * costs a publisher more than all the rest of a publish; and as it yields between two looks, it
   * takes no processor from who has work.
   */
  private static final int LOOKS = 20;

  /** Commands before events have their turn: they may bring new ones as fast as they are run. */
  private static final int COMMANDS = 128;

  /** Entries that one subscription reads of its backlog before the others have their turn. */
  private static final int BACKLOG_SLICE = 256;

  /**
   * Subscriptions that read such a slice before what is new has its turn: when thousands come back
   * at once, those that are live wait for these few and not for all of them.
   */
  private static final int BACKLOGS = 16;

  private final Executor executor;
  private final boolean hasOwnThread;
  private final Log events;
  private final Counters counters;
  private final Consumer<Lane> onDeath;

  // Any thread.
  private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final LaneProgress progress = new LaneProgress();
  private final AtomicBoolean lagLookQueued = new AtomicBoolean();
  private volatile boolean watching;
  private volatile boolean dead;

  /** How many subscriptions live here; guarded by the registry. */
  int population;

  // The lane's thread only.
  private final FilterIndex<Rider> index = new FilterIndex<>();
  private final Roster<Rider> riders =
      new Roster<>(rider -> rider.seatOnLane, (rider, seat) -> rider.seatOnLane = seat);
  private final PrincipalIndex principals = new PrincipalIndex();
  private final Set<Rider> watched = new LinkedHashSet<>();
  private final Queue<Rider> catchingUp = new ArrayDeque<>();
  private final Batch batch = new Batch();
  private final List<FilterIndex.Members<Rider>> groups = new ArrayList<>();
  private final List<Rider> told = new ArrayList<>();
  private final BatchTopics topics = new BatchTopics(Batch.SIZE);
  private long cursor;
  private EventId settled;
  private long delivered;
  private long filtered;

  /**
   * A lane.
   *
   * @param hasOwnThread whether the executor's thread has nothing to do but to run this lane
   */
  Lane(
      Executor executor,
      boolean hasOwnThread,
      Log events,
      Counters counters,
      Consumer<Lane> onDeath) {
    this.executor = executor;
    this.hasOwnThread = hasOwnThread;
    this.events = events;
    this.counters = counters;
    this.onDeath = onDeath;
    Log.Place now = events.now();
    this.cursor = now.next();
    this.settled = now.cursor();
  }

  Executor executor() {
    return executor;
  }

  // ---- Any thread

  /** Has that done on the lane, after what was submitted before. */
  void submit(Runnable command) {
    commands.add(command);
    signal();
  }

  /** Has that done on the lane for one of its subscriptions, which is named if it blocks. */
  void submit(Rider subscription, Runnable command) {
    submit(
        () -> {
          progress.serve(subscription);
          command.run();
        });
  }

  /** A new subscription: its handshake begins on the lane. */
  void attach(Rider subscription) {
    submit(
        subscription,
        () -> {
          riders.add(subscription);
          principals.add(subscription);
          subscription.attach(index);
        });
  }

  /** Looks at those that are watched, unless it is about to; wakes nobody if there are none. */
  void lookAtLag() {
    if (watching && lagLookQueued.compareAndSet(false, true)) {
      submit(
          () -> {
            lagLookQueued.set(false);
            watched.forEach(Rider::lookAtLag);
          });
    }
  }

  /** The log has grown, or there is a command: at most one run is on its way at any time. */
  void signal() {
    if (scheduled.get() || !scheduled.compareAndSet(false, true)) {
      return;
    }
    try {
      executor.execute(this);
    } catch (RejectedExecutionException e) {
      die();
    } catch (Throwable e) {
      log.warn("an executor threw instead of taking a task: {}", executor, e);
      die();
    }
  }

  /** Left scheduled: nothing will run here again, even if the executor takes tasks later. */
  private void die() {
    dead = true;
    onDeath.accept(this);
  }

  /**
   * Looks whether its run was taken by an executor that was stopped and dropped it, as {@code
   * shutdownNow} does: then the lane is as dead as if it had been refused.
   */
  void dieIfAbandoned() {
    if (!dead && scheduled.get() && progress.thread() == null && LaneOnPool.isOver(executor)) {
      die();
    }
  }

  /** Whether its executor has refused it, or taken it and dropped it. */
  boolean isDead() {
    return dead;
  }

  /** Whether a run is on its way or under way. */
  boolean isScheduled() {
    return scheduled.get();
  }

  LaneProgress progress() {
    return progress;
  }

  // ---- The lane's thread; if its executor has several, one after the other

  @Override
  public void run() {
    if (dead) {
      return; // its subscriptions were ended without it
    }
    progress.start(Thread.currentThread());
    try {
      do {
        readOn();
      } while (isMoreSoon());
    } finally {
      boolean unfinished = !catchingUp.isEmpty();
      long read = cursor;
      progress.end();
      scheduled.set(false);
      // From here on the next run may be under way elsewhere, and nothing of the lane's is touched.
      // What came after the last look and before the line above found the lane still scheduled.
      if (unfinished || !commands.isEmpty() || read < events.tail()) {
        signal();
      }
    }
  }

  private void readOn() {
    runCommands();
    boolean more = true;
    for (int round = 0; round < ROUNDS && more; round++) {
      boolean moreEvents = readBatch();
      boolean moreBacklog = readBacklogs();
      more = moreEvents || moreBacklog;
    }
    publishCounters();
  }

  /**
   * On a thread of its own it stays awake for a moment, and lets others go first meanwhile. One
   * that nobody lives on any more may have a successor that waits for the thread.
   */
  @SuppressWarnings("ThreadPriorityCheck") // nothing depends on it but how often a thread is woken
  private boolean isMoreSoon() {
    if (!hasOwnThread || riders.isEmpty()) {
      return false;
    }
    for (int look = 0; look < LOOKS; look++) {
      if (cursor < events.tail() || !commands.isEmpty() || !catchingUp.isEmpty()) {
        return true;
      }
      Thread.yield();
    }
    return false;
  }

  long cursor() {
    return cursor;
  }

  /** The place up to which the lane has read for its live subscriptions. */
  EventId settled() {
    return settled;
  }

  /** Has the subscription read its backlog, in turn with the others. */
  void catchUp(Rider subscription) {
    catchingUp.add(subscription);
  }

  /** The subscription is over. */
  void detach(Rider subscription) {
    riders.remove(subscription);
    principals.remove(subscription);
    unwatch(subscription);
  }

  /** Its lag is looked at from time to time. */
  void watch(Rider subscription) {
    watched.add(subscription);
    watching = true;
  }

  /** No more. */
  void unwatch(Rider subscription) {
    watched.remove(subscription);
    watching = !watched.isEmpty();
  }

  void delivered(int events) {
    delivered += events;
  }

  void filtered() {
    filtered++;
  }

  private void runCommands() {
    for (int i = 0; i < COMMANDS; i++) {
      Runnable command = commands.poll();
      if (command == null) {
        return;
      }
      progress.serve(null);
      try {
        command.run();
      } catch (Throwable e) {
        log.error("a lane's command failed; its subscription may hang", e);
      }
    }
  }

  /** One batch for everybody who is live; whether there may be another. */
  private boolean readBatch() {
    long tail = events.tail();
    int count = batch.read(events, cursor, tail);
    if (count == 0) {
      if (cursor < tail) {
        overtaken();
      }
      return false;
    }
    if (!index.isEmpty()) {
      distribute();
    }
    cursor += count;
    settled = batch.last().place;
    batch.clear();
    return cursor < events.tail();
  }

  private void distribute() {
    for (int i = 0; i < batch.count(); i++) {
      long bit = 1L << i;
      Entry entry = batch.get(i);
      if (entry instanceof Entry.OfEvent event) {
        topics.add(event.event.topic(), bit);
        batch.open(event.forEveryone ? bit : 0);
      } else if (entry instanceof Entry.OfRevocation revocation) {
        revoke(revocation, bit);
      } else {
        riders.forEach(subscription -> tell(subscription, bit));
      }
    }
    topics.forEach((topic, part) -> index.match(topic, members -> found(members, part)));
    boolean served =
        (groups.size() == 1 && told.isEmpty()) ? serveAll(groups.get(0)) : serveMarked();
    told.clear();
    groups.clear();
    if (served) {
      counters.flushes.flushed(batch);
    }
  }

  private void found(FilterIndex.Members<Rider> members, long part) {
    if (members.part == 0) {
      groups.add(members);
    }
    members.part |= part;
  }

  /** Nobody is in two groups if there is but one, so nobody has to be marked. */
  private boolean serveAll(FilterIndex.Members<Rider> members) {
    long part = members.part;
    members.part = 0;
    boolean served = false;
    for (int i = 0; i < members.size(); i++) {
      Rider subscription = members.get(i);
      if (subscription.isLive()) {
        progress.serve(subscription);
        subscription.takeBatch(batch, part);
        served = true;
      }
    }
    return served;
  }

  /** No list is made of who is marked: to write down thousands costs as much as to serve them. */
  private boolean serveMarked() {
    groups.forEach(this::mark);
    boolean served = false;
    for (Rider subscription : told) {
      served |= serve(subscription);
    }
    for (FilterIndex.Members<Rider> members : groups) {
      for (int i = 0; i < members.size(); i++) {
        served |= serve(members.get(i));
      }
    }
    return served;
  }

  private void mark(FilterIndex.Members<Rider> members) {
    long part = members.part;
    members.part = 0;
    for (int i = 0; i < members.size(); i++) {
      Rider subscription = members.get(i);
      if (subscription.isLive()) {
        subscription.batchMask |= part;
      }
    }
  }

  /** Whether there was something for it that it has not had from another group. */
  private boolean serve(Rider subscription) {
    long part = subscription.batchMask;
    if (part == 0) {
      return false;
    }
    subscription.batchMask = 0;
    progress.serve(subscription);
    subscription.takeBatch(batch, part);
    return true;
  }

  /** Before anything of the batch is delivered, and for those too that are behind in the log. */
  private void revoke(Entry.OfRevocation revocation, long bit) {
    principals.forEach(
        revocation.revocation.principal(),
        subscription -> {
          if (subscription.revoke(revocation)) {
            tell(subscription, bit);
          }
        });
  }

  private void revokeUntold(Entry.OfRevocation revocation) {
    principals.forEach(
        revocation.revocation.principal(),
        subscription -> {
          boolean unused = subscription.revoke(revocation);
        });
  }

  private void tell(Rider subscription, long bit) {
    if (subscription.isLive()) {
      told.add(subscription);
      subscription.batchMask |= bit;
    }
  }

  /** The log has moved past the lane itself: everybody who rides on it has lost the same. */
  private void overtaken() {
    Log.Place now = events.now();
    revokeWhatWasPassed();
    riders.forEach(
        subscription -> {
          if (subscription.isLive()) {
            progress.serve(subscription);
            subscription.overtaken();
          }
        });
    cursor = now.next();
    settled = now.cursor();
  }

  /** The lane will not read these revocations, so they are looked up. */
  private void revokeWhatWasPassed() {
    Optional<List<Entry.OfRevocation>> passed = events.revocations(cursor);
    if (passed.isEmpty()) {
      riders.forEach(Rider::unproven);
    } else {
      passed.get().forEach(this::revokeUntold);
    }
  }

  private boolean readBacklogs() {
    for (int turn = Math.min(catchingUp.size(), BACKLOGS); turn > 0; turn--) {
      Rider subscription = catchingUp.remove();
      progress.serve(subscription);
      if (subscription.readBacklog(BACKLOG_SLICE)) {
        catchingUp.add(subscription);
      }
    }
    return !catchingUp.isEmpty();
  }

  private void publishCounters() {
    if (delivered > 0) {
      counters.delivered.add(delivered);
      delivered = 0;
    }
    if (filtered > 0) {
      counters.filtered.add(filtered);
      filtered = 0;
    }
  }
}
