package dev.eventbroker.pg;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** Lets others wait for a state that is told to have changed. Any thread. */
final class StateSignal {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** The state may be another one now. */
  void changed() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the state is the wanted one, or it can never be; whether it is.
   *
   * @param wanted asked now and after each change, under a lock: must be quick
   * @param over whether there is nothing to wait for any more
   */
  boolean await(BooleanSupplier wanted, BooleanSupplier over, Duration timeout)
      throws InterruptedException {
    long left = timeout.toNanos();
    lock.lockInterruptibly();
    try {
      while (!wanted.getAsBoolean()) {
        if (left <= 0 || over.getAsBoolean()) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }
}
