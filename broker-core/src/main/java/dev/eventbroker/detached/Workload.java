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
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final CompletableFuture<Boolean> drained = new CompletableFuture<>();
  private volatile boolean closing;

  // Guarded by this; counted in one step with what they take from the pending ones.
  private long finishedWhileClosing;
  private long cutShort;
  private long leftOver;
  private boolean givenUp;

  Workload(int most) {
    this.most = most;
  }

  /** One more, or false when there are as many as may be. */
  boolean enter() {
    if (pending.incrementAndGet() <= most) {
      return true;
    }
    leave();
    return false;
  }

  /** One less that never counted: it was refused, or is reported already. */
  void leave() {
    if (pending.decrementAndGet() == 0 && closing) {
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
    if (pending.get() == 0) {
      drained.complete(true);
    }
    return true;
  }

  boolean closing() {
    return closing;
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
    leftOver = Math.max(0, pending.get());
    return new Outcome(finishedWhileClosing, leftOver + cutShort);
  }

  /** How many are taken and not done. */
  int pending() {
    return pending.get();
  }

  int running() {
    return running.get();
  }

  synchronized long abandoned() {
    return leftOver + cutShort;
  }

  /** What became of the work since the end began. */
  record Outcome(long finished, long abandoned) {}
}
