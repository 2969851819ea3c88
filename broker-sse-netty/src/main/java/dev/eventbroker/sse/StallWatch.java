package dev.eventbroker.sse;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sees whether the bytes that wait for a client move: a write to a dead or a stopped peer does not
 * fail, it waits. Looks only while something waits, and {@value #LOOKS} times within the timeout;
 * so it fires when nothing has moved for the timeout, and an eighth of it later at most.
 *
 * <p>Used on the channel's event loop only.
 */
final class StallWatch {

  private static final int LOOKS = 8;

  private final Wire wire;
  private final EventExecutor loop;
  private final LongSupplier nanoClock;
  private final long stallNanos;
  private final Runnable onStall;

  private @Nullable Future<?> nextLook;
  private long movedAt;

  // As of the last look.
  private long seenCompleted;
  private long seenPending;
  private long seenPartial;

  StallWatch(
      Wire wire, EventExecutor loop, LongSupplier nanoClock, long stallNanos, Runnable onStall) {
    this.wire = wire;
    this.loop = loop;
    this.nanoClock = nanoClock;
    this.stallNanos = stallNanos;
    this.onStall = onStall;
  }

  /** To be called after each flush that leaves something waiting. */
  void flushed(long now) {
    if (nextLook == null) {
      movedAt = now;
      remember();
      lookAgain(now);
    }
  }

  void cancel() {
    Future<?> due = nextLook;
    nextLook = null;
    if (due != null) {
      due.cancel(false);
    }
  }

  private void look() {
    nextLook = null;
    if (!wire.isPending()) {
      return;
    }
    long now = nanoClock.getAsLong();
    if (hasMoved()) {
      movedAt = now;
    }
    remember();
    if (now - movedAt >= stallNanos) {
      onStall.run();
    } else {
      lookAgain(now);
    }
  }

  /** More bytes behind those that wait are no movement. */
  private boolean hasMoved() {
    return wire.completed() != seenCompleted
        || wire.pendingBytes() < seenPending
        || wire.partialBytes() != seenPartial;
  }

  private void remember() {
    seenCompleted = wire.completed();
    seenPending = wire.pendingBytes();
    seenPartial = wire.partialBytes();
  }

  private void lookAgain(long now) {
    long delay = Math.min(stallNanos / LOOKS, movedAt + stallNanos - now);
    nextLook = loop.schedule(this::look, Math.max(delay, 0), TimeUnit.NANOSECONDS);
  }
}
