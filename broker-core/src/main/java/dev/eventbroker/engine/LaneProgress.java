package dev.eventbroker.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where a lane is, as far as somebody needs to know who looks at it now and then: how many steps it
 * has made, on which thread it is, and whom it serves. The lane pays two plain stores a step and
 * reads no clock; a step is one subscriber's part of a batch, not one event.
 */
final class LaneProgress {

  private static final VarHandle STEPS;

  static {
    try {
      STEPS = MethodHandles.lookup().findVarHandle(LaneProgress.class, "steps", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private long steps;
  private final AtomicReference<@Nullable Rider> served = new AtomicReference<>();
  private volatile @Nullable Thread thread;

  // ---- The lane's thread

  void start(Thread current) {
    step();
    thread = current;
  }

  /** From here on the lane is in that subscription, or in none. */
  void serve(@Nullable Rider rider) {
    served.setOpaque(rider);
    step();
  }

  void end() {
    served.setOpaque(null);
    thread = null;
    step();
  }

  /** One lane writes at a time, so nothing is lost between the two. */
  private void step() {
    STEPS.setRelease(this, steps + 1);
  }

  // ---- Any thread; what belongs to one step is read between two equal counts of steps

  long steps() {
    return (long) STEPS.getAcquire(this);
  }

  /** The thread that the lane runs on; null if it does not run. */
  @Nullable Thread thread() {
    return thread;
  }

  /** The subscription that the lane is in; null if it is in none, or not known to be in one. */
  @Nullable Rider served() {
    return served.getOpaque();
  }
}
