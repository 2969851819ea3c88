package dev.eventbroker.engine;

import dev.eventbroker.testing.ManualExecutor;
import java.util.concurrent.Executor;

/** A lane's executor that runs a task when the simulation says so, and knows that it runs one. */
final class SimulatedLane implements Executor {

  private final int number;
  private final ManualExecutor tasks = new ManualExecutor();

  SimulatedLane(int number) {
    this.number = number;
  }

  @Override
  public void execute(Runnable task) {
    if (tasks.waiting() > 0) {
      throw new AssertionError("a lane is on its way twice");
    }
    tasks.execute(task);
  }

  boolean isWaiting() {
    return tasks.waiting() > 0;
  }

  void runOne() {
    tasks.runOne();
  }

  @Override
  public String toString() {
    return "lane " + number;
  }
}
