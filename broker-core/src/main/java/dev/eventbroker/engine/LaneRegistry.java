package dev.eventbroker.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The lanes that have subscriptions, one per executor. A lane comes with its first subscription and
 * goes with its last, so publishing wakes nobody in vain and an executor that is not used any more
 * is not held.
 */
final class LaneRegistry {

  private static final Lane[] NONE = {};

  private final Function<Executor, Lane> maker;
  private final Map<Executor, Lane> byExecutor = new HashMap<>(); // guarded by this

  /** Read by every publish, so it is an array of its own and changes only as lanes come and go. */
  private volatile Lane[] lanes = NONE;

  LaneRegistry(Function<Executor, Lane> maker) {
    this.maker = maker;
  }

  /**
   * The lane of that executor with one more subscription. Call it before taking a place in the log:
   * who publishes after that place is taken then sees the lane.
   */
  synchronized Lane enter(Executor executor) {
    Lane lane = byExecutor.get(executor);
    if (lane == null) {
      lane = maker.apply(executor);
      byExecutor.put(executor, lane);
      Lane[] more = Arrays.copyOf(lanes, lanes.length + 1);
      more[lanes.length] = lane;
      lanes = more;
    }
    lane.population++;
    return lane;
  }

  /** One subscription less. */
  synchronized void leave(Lane lane) {
    lane.population--;
    if (lane.population == 0) {
      remove(lane);
    }
  }

  /** The lane is dead: who comes next gets another one. */
  synchronized void remove(Lane lane) {
    if (byExecutor.remove(lane.executor(), lane)) {
      lanes = Arrays.stream(lanes).filter(other -> other != lane).toArray(Lane[]::new);
    }
  }

  /** Has every lane look at the log. */
  void signalAll() {
    for (Lane lane : lanes) {
      lane.signal();
    }
  }

  /** Has every lane look at who lags. */
  void lookAtLag() {
    for (Lane lane : lanes) {
      lane.lookAtLag();
    }
  }
}
