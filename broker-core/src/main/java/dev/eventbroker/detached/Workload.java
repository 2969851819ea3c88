package dev.eventbroker.detached;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much work there is, against its bound, and what became of it since the end began. */
final class Workload {

  private static final Logger log = LoggerFactory.getLogger(Workload.class);

  private final int most;
  private final AtomicInteger running = new AtomicInteger();
  private final CompletableFuture<Boolean> drained = new CompletableFuture<>();

  // Changed under the lock of this, and read by anybody.
  private volatile int pending;
  private volatile boolean closing;
  private volatile boolean givenUp;

  // Guarded by this; counted in one step with what they take from the pending ones.
  private long finishedWhileClosing;
  private long cutShort;
  private long leftOver;

  Workload(int most) {
    this.most = most;
  }

  /**
   * One more, unless there are as many as may be, or the end has begun. What is refused was never
   * counted, not even for a moment in which others would be refused for it, or the end reports it.
   */
  synchronized Entry enter() {
    if (closing) {
      return Entry.CLOSED;
    }
    if (pending == most) {
      return Entry.FULL;
    }
    pending++;
    return Entry.TAKEN;
  }

  /** One less that is reported already. */
  synchronized void leave() {
    pending--;
    if (pending == 0 && closing) {
      drained.complete(true);
    }
  }

  void begins() {
    running.incrementAndGet();
  }

  void ends() {
    running.decrementAndGet();
  }

  /** One has come to its end, well or badly. */
  synchronized void finished() {
    if (closing) {
      finishedWhileClosing++;
    }
    leave();
  }

  /** One would have been tried again, had there not been the end. */
  synchronized void cutShort() {
    if (!givenUp) {
      // What comes to its end later is among those left over.
      cutShort++;
    }
    leave();
  }

  /** Begins the end; false if it has begun before. */
  synchronized boolean close() {
    if (closing) {
      return false;
    }
    closing = true;
    if (pending == 0) {
      drained.complete(true);
    }
    return true;
  }

  boolean closing() {
    return closing;
  }

  /** Whether the time of the end is up: what comes now is nobody's any more. */
  boolean givenUp() {
    return givenUp;
  }

  /** Returns early when the caller is interrupted, and leaves it so. */
  void awaitDrained(Duration timeout) {
    try {
      drained.get(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      log.debug("not drained in {}", timeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new AssertionError("only ever completed normally", e);
    }
  }

  /** Gives up what is still pending, and says what became of all. */
  synchronized Outcome giveUp() {
    givenUp = true;
    leftOver = pending;
    return new Outcome(finishedWhileClosing, leftOver + cutShort);
  }

  /** How many are taken and not done. */
  int pending() {
    return pending;
  }

  int running() {
    return running.get();
  }

  synchronized long abandoned() {
    return leftOver + cutShort;
  }

  /** Whether something was taken. */
  enum Entry {
    TAKEN,
    FULL,
    CLOSED
  }

  /** What became of the work since the end began. */
  record Outcome(long finished, long abandoned) {}
}
