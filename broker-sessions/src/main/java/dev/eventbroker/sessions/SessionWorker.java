package dev.eventbroker.sessions;

import dev.eventbroker.Connections;
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
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what blocks for one node: touches, detaches and sweeps, in turns that never overlap. A turn
 * touches first, so that nobody who is here expires for want of it, and sweeps one batch at its
 * end, so that a long sweep holds up no heartbeat. Whoever asks for a turn during one gets one more
 * after it, however many ask.
 */
final class SessionWorker {

  /** Owners or sessions in one transaction: some tens of milliseconds. */
  static final int BATCH = 500;

  private static final Logger log = LoggerFactory.getLogger(SessionWorker.class);

  private final SessionStore store;
  private final SessionEvents events;
  private final Announcer announcer;
  private final Connections connections;
  private final PendingWork work;
  private final LeaseTerms terms;
  private final String node;
  private final Executor executor;

  // Any thread.
  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean ending;

  // In a turn.
  private int failures;

  SessionWorker(
      SessionStore store,
      SessionEvents events,
      Announcer announcer,
      Connections connections,
      PendingWork work,
      LeaseTerms terms,
      String node,
      Executor executor) {
    this.store = store;
    this.events = events;
    this.announcer = announcer;
    this.connections = connections;
    this.work = work;
    this.terms = terms;
    this.node = node;
    this.executor = executor;
  }

  /** Asks for a turn. Any thread; does not block. */
  void wake() {
    if (isEnded() || asked.getAndIncrement() > 0) {
      return;
    }
    try {
      executor.execute(this::run);
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
    Set<String> here =
        changes.keySet().stream().filter(connections::hasOwner).collect(Collectors.toSet());
    if (tick) {
      store.touch(node, present(), terms);
    } else if (!here.isEmpty()) {
      store.touch(node, here, terms);
    }
    changes.keySet().removeAll(here);
  }

  /** One name that the store can't take would fail the touch of all others. */
  private Set<String> present() {
    return connections.owners().stream().filter(Claim::isName).collect(Collectors.toSet());
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
      Set<String> gone =
          batch.stream().filter(o -> !connections.hasOwner(o)).collect(Collectors.toSet());
      if (!gone.isEmpty()) {
        announcer.released(store.detach(node, gone, terms, events), ReleaseReason.DISCONNECTED);
      }
      changes.keySet().removeAll(batch);
    }
  }

  private void forget(Map<String, Change> changes) {
    for (Set<String> batch = some(changes, Change.SENT_AWAY);
        !batch.isEmpty();
        batch = some(changes, Change.SENT_AWAY)) {
      store.forget(node, batch);
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

  private void sweep() {
    if (!work.takeSweep()) {
      return;
    }
    List<Session> expired = store.sweep(terms, BATCH, events);
    announcer.released(expired, ReleaseReason.EXPIRED);
    if (expired.size() == BATCH) {
      work.noteSweep();
      wake();
    }
  }

  private void leave(Map<String, Change> changes) {
    lookAfter(changes);
    store.forget(node, present());
  }

  private void succeeded() {
    if (failures > 0) {
      log.info("the session store works again, after {} failures", failures);
      failures = 0;
    }
  }

  /** Said once, until it is over. */
  private void failed(Throwable cause) {
    if (++failures == 1) {
      log.warn("the session store fails; sessions are kept and tried again at each tick", cause);
    }
  }
}
