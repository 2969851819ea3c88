package dev.eventbroker.engine;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;

/** Lanes are told apart by their executors, so this makes one of its own on a shared pool. */
final class LaneOnPool implements Executor {

  private final Executor pool;

  LaneOnPool(Executor pool) {
    this.pool = pool;
  }

  @Override
  public void execute(Runnable task) {
    pool.execute(task);
  }

  /** Whether nothing runs on that executor, and never will again; false if it can't be told. */
  static boolean isOver(Executor executor) {
    Executor itself = executor instanceof LaneOnPool lane ? lane.pool : executor;
    return itself instanceof ExecutorService service && service.isTerminated();
  }

  @Override
  public String toString() {
    return "own lane on " + pool;
  }
}
