package dev.eventbroker.testing;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** An executor whose tasks run when the test says so, on the test's thread. */
public final class ManualExecutor implements Executor {

  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private volatile boolean stopped;

  @Override
  public void execute(Runnable task) {
    if (stopped) {
      throw new RejectedExecutionException("stopped");
    }
    tasks.add(task);
  }

  /** Runs everything, and what that brings, until nothing is left. */
  public void runAll() {
    while (runOne()) {
      // until nothing is left
    }
  }

  /** Runs the oldest task; false if there is none. */
  public boolean runOne() {
    Runnable task = tasks.poll();
    if (task == null) {
      return false;
    }
    task.run();
    return true;
  }

  /** How many tasks wait. */
  public int waiting() {
    return tasks.size();
  }

  /** Refuses everything from now on, as an event loop does that was shut down. */
  public void stop() {
    stopped = true;
    tasks.clear();
  }
}
