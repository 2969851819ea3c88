package dev.eventbroker.sessions;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What waits for the worker: a set of owners to look at, and three flags. However often an owner
 * comes and goes, and however many ticks and sweeps fall due while the store does not answer, there
 * is no queue that grows by it.
 */
final class PendingWork {

  /** Why to look at an owner. Whether it is here is for its connections to say, at that time. */
  enum Change {
    /** It has a new connection. */
    CAME,
    /** It went. */
    LEFT,
    /** We ended its connection, and it is expected back. */
    SENT_AWAY
  }

  /**
   * Some 10 MB of names. An owner that is not noted any more is touched by the next tick, or
   * released by the sweeper.
   */
  static final int MAX_OWNERS = 100_000;

  private static final Logger log = LoggerFactory.getLogger(PendingWork.class);

  private final ConcurrentHashMap<String, Change> changes = new ConcurrentHashMap<>();
  private final AtomicBoolean full = new AtomicBoolean();
  private final AtomicBoolean tick = new AtomicBoolean();
  private final AtomicBoolean roll = new AtomicBoolean();
  private final AtomicBoolean sweep = new AtomicBoolean();

  /** It is time to touch all owners. */
  void noteTick() {
    tick.set(true);
  }

  /** It is time to see whether another node asks who is here. */
  void noteRoll() {
    roll.set(true);
  }

  /** It is time to look for sessions that have expired. */
  void noteSweep() {
    sweep.set(true);
  }

  /** The owner came. Told late this must not hide that it has left since, so a note stays. */
  void noteCame(String owner) {
    if (hasRoomFor(owner)) {
      changes.putIfAbsent(owner, Change.CAME);
    }
  }

  /** The owner went, in that manner; of several the last counts. */
  void noteGone(String owner, Change manner) {
    if (hasRoomFor(owner)) {
      changes.put(owner, manner);
    }
  }

  /** Several threads may pass this at once: the bound is met to within their number. */
  private boolean hasRoomFor(String owner) {
    if (changes.size() < MAX_OWNERS || changes.containsKey(owner)) {
      return true;
    }
    if (full.compareAndSet(false, true)) {
      log.warn(
          "{} owners came or went and the session store does not answer; what more of them leave is"
              + " released by the sweeper",
          MAX_OWNERS);
    }
    return false;
  }

  boolean takeTick() {
    return tick.getAndSet(false);
  }

  boolean takeRoll() {
    return roll.getAndSet(false);
  }

  boolean takeSweep() {
    return sweep.getAndSet(false);
  }

  /** The owners to look at. What can't be done is put back. */
  Map<String, Change> takeChanges() {
    Map<String, Change> taken = new HashMap<>();
    for (String owner : changes.keySet()) {
      Change change = changes.remove(owner);
      if (change != null) {
        taken.put(owner, change);
      }
    }
    full.set(false);
    return taken;
  }

  /** To be looked at again in a later turn. What was noted since goes before it. */
  void putBack(Map<String, Change> undone) {
    undone.forEach(changes::putIfAbsent);
  }
}
