package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.Message;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the worker has to do: events to store, in the order that they came, and hints that there is
 * something to order or to read. Bounded by count and by length of what is not settled yet, whether
 * it waits in here or for its place in the order; hints are one bit each. Any thread gives, the
 * worker takes.
 */
final class PublishQueue {

  /**
   * A message that waits to be stored.
   *
   * @param message itself
   * @param row as it is going to stand in the outbox
   * @param stage what its publisher waits on
   */
  record Publish(Message message, MessageRow row, CompletableFuture<EventId> stage) {}

  /**
   * What is to be done now.
   *
   * @param publishes to be stored; may be empty
   * @param committed whether a transaction said that it has events to be ordered
   * @param news whether there may be something new in the order
   */
  record Chore(List<Publish> publishes, boolean committed, boolean news) {}

  /** One batch takes some ten milliseconds, so that who comes next does not wait long either. */
  private static final int BATCH_EVENTS = 2_000;

  private static final long BATCH_CHARACTERS = 4L << 20;

  private final String name;
  private final int maxEvents;
  private final long maxCharacters;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition given = lock.newCondition();

  // Guarded by lock.
  private final ArrayDeque<Publish> waiting = new ArrayDeque<>();
  private int unsettled;
  private long characters;
  private boolean news;
  private boolean closed;

  // Written under the lock.
  private volatile boolean committed;

  PublishQueue(String name, int maxEvents, long maxCharacters) {
    this.name = name;
    this.maxEvents = maxEvents;
    this.maxCharacters = maxCharacters;
  }

  /**
   * Takes the event.
   *
   * @throws BrokerException.Closed if the queue was closed
   * @throws BrokerException.Overloaded if a bound is reached
   */
  void offer(Publish publish) {
    long length = length(publish);
    lock.lock();
    try {
      if (closed) {
        throw new BrokerException.Closed(name);
      }
      if (unsettled >= maxEvents || characters + length > maxCharacters) {
        throw new BrokerException.Overloaded(
            name
                + ": "
                + unsettled
                + " events of "
                + characters
                + " characters are not settled yet (expected: <= "
                + maxEvents
                + " and <= "
                + maxCharacters
                + ")");
      }
      waiting.add(publish);
      unsettled++;
      characters += length;
      given.signal();
    } finally {
      lock.unlock();
    }
  }

  /** A transaction with events was committed. */
  void committed() {
    if (committed) {
      // Somebody has said so and the worker has not looked since: its look will be after ours.
      return;
    }
    lock.lock();
    try {
      committed = true;
      given.signal();
    } finally {
      lock.unlock();
    }
  }

  /** There may be something new in the order. */
  void news() {
    lock.lock();
    try {
      news = true;
      given.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for something to do, or for that long.
   *
   * @param pause for how long hints wait for more of them; a publish, or the end, waits for nothing
   */
  Chore take(long nanos, long pause) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (waiting.isEmpty() && !committed && !news && !closed && left > 0) {
        left = given.awaitNanos(left);
      }
      long toPause = pause - (nanos - left);
      while (waiting.isEmpty() && !closed && toPause > 0) {
        toPause = given.awaitNanos(toPause);
      }
      List<Publish> batch = nextBatch();
      Chore chore = new Chore(batch, committed, news);
      committed = false;
      news = false;
      return chore;
    } finally {
      lock.unlock();
    }
  }

  private List<Publish> nextBatch() {
    List<Publish> batch = new ArrayList<>();
    long taken = 0;
    while (!waiting.isEmpty() && batch.size() < BATCH_EVENTS) {
      long length = length(waiting.element());
      if (!batch.isEmpty() && taken + length > BATCH_CHARACTERS) {
        break;
      }
      taken += length;
      batch.add(waiting.remove());
    }
    return batch;
  }

  /** Its publisher has been told what became of it. */
  void settled(Publish publish) {
    long length = length(publish);
    lock.lock();
    try {
      unsettled--;
      characters -= length;
    } finally {
      lock.unlock();
    }
  }

  /** How many publishers have not been told yet what became of their messages. */
  int unsettled() {
    lock.lock();
    try {
      return unsettled;
    } finally {
      lock.unlock();
    }
  }

  /** No more is taken in; what waits may still be taken out. */
  void close() {
    lock.lock();
    try {
      closed = true;
      given.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Whether it was closed and nothing waits. */
  boolean isFinished() {
    lock.lock();
    try {
      return closed && waiting.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** What was never taken out. */
  List<Publish> rest() {
    lock.lock();
    try {
      List<Publish> rest = List.copyOf(waiting);
      waiting.clear();
      return rest;
    } finally {
      lock.unlock();
    }
  }

  private static long length(Publish publish) {
    return publish.row().length();
  }
}
