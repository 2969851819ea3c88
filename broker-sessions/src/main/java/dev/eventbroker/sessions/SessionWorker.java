package dev.eventbroker.sessions;

import dev.eventbroker.sessions.PendingWork.Change;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what blocks for one node: touches, detaches, answers roll calls and sweeps, in turns that
 * never overlap. A turn touches first, so that nobody who is here expires for want of it, and
 * sweeps one batch at its end, so that a long sweep holds up no heartbeat. Whoever asks for a turn
 * during one gets one more after it, however many ask.
 */
final class SessionWorker {

  /** Owners or sessions in one transaction: some tens of milliseconds. */
  static final int BATCH = 500;

  private static final Logger log = LoggerFactory.getLogger(SessionWorker.class);

  private final Parts parts;
  private final SessionStore store;
  private final OwnerWatch watch;
  private final PendingWork work;

  // Any thread.
  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean ending;

  // In a turn.
  private boolean alone;
  private boolean unsettled;
  private long rollSeen;
  private long rollAnswered;
  private boolean withholding;
  private int failures;

  /**
   * What a worker works with.
   *
   * @param node names this node among all; new with every start
   * @param executor runs turns; they block
   */
  record Parts(
      SessionStore store,
      SessionEvents events,
      Announcer announcer,
      SessionObserver observer,
      LeaseTerms terms,
      String node,
      Executor executor,
      LongSupplier nanoClock) {}

  SessionWorker(Parts parts, OwnerWatch watch, PendingWork work) {
    this.parts = parts;
    this.store = parts.store;
    this.watch = watch;
    this.work = work;
  }

  /** Asks for a turn. Any thread; does not block. */
  void wake() {
    if (isEnded() || asked.getAndIncrement() > 0) {
      return;
    }
    try {
      parts.executor.execute(this::run);
    } catch (RejectedExecutionException e) {
      asked.set(0);
      log.warn("the executor of the edit sessions takes no more work; the sweeper has stopped", e);
    }
  }

  /**
   * Has a last turn, in which this node lets go of its owners without releasing what they hold.
   * After this no turn begins, whether or not the last one ended.
   *
   * @return whether that was done in time
   */
  boolean end(Duration timeout) {
    ending = true;
    wake();
    try {
      return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      ended.countDown();
    }
  }

  private void run() {
    int seen;
    do {
      seen = asked.get();
      turn();
    } while (!asked.compareAndSet(seen, 0));
  }

  private void turn() {
    if (isEnded()) {
      return;
    }
    boolean last = ending;
    Map<String, Change> changes = work.takeChanges();
    try {
      if (last) {
        leave(changes);
      } else {
        touch(changes);
        lookAfter(changes);
        answerRollCall();
        settle();
        sweep();
      }
      succeeded();
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      work.putBack(changes);
      failed(e);
    } finally {
      if (last) {
        ended.countDown();
      }
    }
  }

  private boolean isEnded() {
    return ended.getCount() == 0;
  }

  /** At a tick all who are here, else those who have just come. */
  private void touch(Map<String, Change> changes) {
    boolean tick = work.takeTick();
    Set<String> here = changes.keySet().stream().filter(watch::has).collect(Collectors.toSet());
    if (tick) {
      touchAll();
    } else if (!here.isEmpty()) {
      touched(store.touch(parts.node, here, 0, parts.terms, parts.events));
    }
    changes.keySet().removeAll(here);
  }

  /** The roll was seen before the owners are gathered, so this is an answer to it. */
  private void touchAll() {
    long roll = rollSeen;
    touched(store.touch(parts.node, watch.owners(), roll, parts.terms, parts.events));
    rollAnswered = roll;
  }

  private void touched(Touched touched) {
    alone = touched.alone();
    parts.announcer.lost(touched.lost());
  }

  private void lookAfter(Map<String, Change> changes) {
    // Who came and is gone will be noted as gone: it is not counted before that is told.
    changes.values().removeIf(change -> change == Change.CAME);
    detach(changes);
    forget(changes);
  }

  private void detach(Map<String, Change> changes) {
    for (Set<String> batch = some(changes, Change.LEFT);
        !batch.isEmpty();
        batch = some(changes, Change.LEFT)) {
      Set<String> gone = batch.stream().filter(o -> !watch.has(o)).collect(Collectors.toSet());
      if (!gone.isEmpty()) {
        unsettled = true;
        store.detach(parts.node, gone, parts.terms);
      }
      changes.keySet().removeAll(batch);
    }
  }

  private void forget(Map<String, Change> changes) {
    for (Set<String> batch = some(changes, Change.SENT_AWAY);
        !batch.isEmpty();
        batch = some(changes, Change.SENT_AWAY)) {
      store.forget(parts.node, batch);
      changes.keySet().removeAll(batch);
    }
  }

  private static Set<String> some(Map<String, Change> changes, Change wanted) {
    return changes.entrySet().stream()
        .filter(entry -> entry.getValue() == wanted)
        .limit(BATCH)
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  /** While this node is alone nobody asks it; but what it has asked itself may still be open. */
  private void answerRollCall() {
    boolean due = work.takeRoll();
    if (!due || (alone && !unsettled)) {
      return;
    }
    rollSeen = store.openRoll();
    unsettled = rollSeen > 0;
    if (rollSeen > rollAnswered) {
      touchAll();
    }
  }

  private void settle() {
    if (!unsettled) {
      return;
    }
    List<Session> gone = store.settle(parts.terms, BATCH, parts.events);
    parts.announcer.released(gone, ReleaseReason.DISCONNECTED);
    if (gone.size() == BATCH) {
      wake();
    }
  }

  private void sweep() {
    if (!work.takeSweep()) {
      return;
    }
    long begin = parts.nanoClock.getAsLong();
    Swept swept = store.sweep(parts.terms, BATCH, parts.events);
    Duration took = Duration.ofNanos(parts.nanoClock.getAsLong() - begin);
    parts.announcer.released(swept.expired(), ReleaseReason.EXPIRED);
    parts.observer.swept(swept, took);
    alarm(swept);
    if (swept.expired().size() == BATCH) {
      work.noteSweep();
      wake();
    }
  }

  /** Said once, until it is over. */
  private void alarm(Swept swept) {
    boolean now = swept.withheld() > 0;
    if (now && !withholding) {
      log.warn(
          "{} of {} edit sessions have expired at once; they are kept for another {}, in case they"
              + " are cut off and not gone",
          swept.withheld(),
          swept.held(),
          parts.terms.outage());
    }
    withholding = now;
  }

  private void leave(Map<String, Change> changes) {
    lookAfter(changes);
    settle();
    store.leave(parts.node);
  }

  private void succeeded() {
    if (failures > 0) {
      log.info("the session store works again, after {} failures", failures);
      failures = 0;
    }
  }

  /** Said once, until it is over. */
  private void failed(Throwable cause) {
    parts.observer.storeFailed(cause);
    if (++failures == 1) {
      log.warn("the session store fails; sessions are kept and tried again at each tick", cause);
    }
  }
}
