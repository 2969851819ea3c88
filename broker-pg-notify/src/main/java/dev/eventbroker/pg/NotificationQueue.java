package dev.eventbroker.pg;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Takes notifications from the reading thread to the one that maps them, without ever holding up
 * the former. Bounded: what does not fit is dropped, and a gap takes its place, in order.
 */
final class NotificationQueue {

  /** What the mapping thread is given: a notification, or the word that some are missing. */
  record Item(String channel, String payload, boolean isGap) {

    static Item of(String channel, String payload) {
      return new Item(channel, payload, false);
    }

    static Item gap() {
      return new Item("", "", true);
    }
  }

  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition given = lock.newCondition();

  // Guarded by lock.
  private final ArrayDeque<Item> items = new ArrayDeque<>();
  private boolean full;
  private boolean closed;

  NotificationQueue(int capacity) {
    this.capacity = capacity;
  }

  void offer(String channel, String payload) {
    lock.lock();
    try {
      if (full) {
        return;
      }
      full = items.size() >= capacity;
      items.add(full ? Item.gap() : Item.of(channel, payload));
      given.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Some may be missing here. */
  void gap() {
    lock.lock();
    try {
      Item last = items.peekLast();
      if (last == null || !last.isGap()) {
        items.add(Item.gap());
      }
      given.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the next one; empty once closed. */
  Optional<Item> take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (items.isEmpty() && !closed) {
        given.await();
      }
      if (closed) {
        return Optional.empty();
      }
      full = false;
      return Optional.of(items.remove());
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return items.size();
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      given.signal();
    } finally {
      lock.unlock();
    }
  }
}
