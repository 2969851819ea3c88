package dev.eventbroker.sessions;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.Connections;
import dev.eventbroker.sessions.PendingWork.Change;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes for the worker which owners came and went. Called on event loops and timers, where it does
 * nothing but put names into sets. Keeps owners that left in their grace.
 */
final class OwnerWatch implements ConnectionListener {

  private static final Logger log = LoggerFactory.getLogger(OwnerWatch.class);

  private final Connections connections;
  private final PendingWork work;
  private final Runnable wake;
  private final Duration grace;
  private final ScheduledExecutorService timer;

  private final ConcurrentHashMap<String, Leaving> leaving = new ConcurrentHashMap<>();

  /**
   * @param wake makes the worker look; must not block
   */
  OwnerWatch(
      Connections connections,
      PendingWork work,
      Runnable wake,
      Duration grace,
      ScheduledExecutorService timer) {
    this.connections = connections;
    this.work = work;
    this.wake = wake;
    this.grace = grace;
    this.timer = timer;
  }

  @Override
  public void onTick(Set<String> owners) {
    work.noteTick();
    wake.run();
  }

  @Override
  public void onOpen(Connection connection) {
    ownerOf(connection)
        .ifPresent(
            owner -> {
              stay(owner);
              work.noteCame(owner);
              wake.run();
            });
  }

  @Override
  public void onClose(Connection connection, CloseReason reason) {
    ownerOf(connection)
        .filter(owner -> !connections.hasOwner(owner))
        .ifPresent(owner -> gone(owner, reason));
  }

  /** One name that the store can't take would fail the touch of all others. */
  private static Optional<String> ownerOf(Connection connection) {
    return connection.owner().filter(Claim::isName);
  }

  private void gone(String owner, CloseReason reason) {
    if (reason.expectedBack()) {
      // A restart or a longest lifetime must not cost a living client its lock; if it does not
      // come back all the same, its sessions expire.
      work.noteGone(owner, Change.SENT_AWAY);
      wake.run();
    } else if (grace.isZero() || leaving.size() >= PendingWork.MAX_OWNERS) {
      work.noteGone(owner, Change.LEFT);
      wake.run();
    } else {
      leaveLater(owner);
    }
  }

  private void leaveLater(String owner) {
    Leaving leave = new Leaving(owner);
    Leaving before = leaving.put(owner, leave);
    if (before != null) {
      before.cancel();
    }
    try {
      leave.due = timer.schedule(leave, grace.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("the timer was stopped; the sweeper releases what {} holds", owner);
    }
  }

  private void stay(String owner) {
    Leaving leave = leaving.remove(owner);
    if (leave != null) {
      leave.cancel();
    }
  }

  /**
   * Whether the owner counts as one of this node: it has a connection, or left one less than a
   * grace ago.
   */
  boolean has(String owner) {
    return connections.hasOwner(owner) || leaving.containsKey(owner);
  }

  /** The owners that count as this node's. */
  Set<String> owners() {
    // First who is leaving: who comes back in between is in the second set.
    Set<String> owners = new HashSet<>(leaving.keySet());
    owners.addAll(connections.owners());
    // One name that the store can't take would fail the touch of all others.
    owners.removeIf(owner -> !Claim.isName(owner));
    return owners;
  }

  /** Ends the graces. Who is in one is expected back, on the node that comes after this one. */
  void close() {
    for (String owner : leaving.keySet()) {
      stay(owner);
      work.noteGone(owner, Change.SENT_AWAY);
    }
  }

  /** An owner in its grace: it has left when that is over, unless it is out of the map by then. */
  private final class Leaving implements Runnable {

    private final String owner;
    private volatile @Nullable Future<?> due;

    Leaving(String owner) {
      this.owner = owner;
    }

    @Override
    public void run() {
      if (leaving.remove(owner, this)) {
        work.noteGone(owner, Change.LEFT);
        wake.run();
      }
    }

    void cancel() {
      Future<?> future = due;
      if (future != null) {
        future.cancel(false);
      }
    }
  }
}
