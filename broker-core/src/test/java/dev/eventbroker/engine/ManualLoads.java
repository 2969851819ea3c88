package dev.eventbroker.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** Snapshot threads without a thread: what was handed in runs when the test says so. */
final class ManualLoads extends ThreadPoolExecutor {

  private final List<Runnable> waiting = new ArrayList<>();

  ManualLoads() {
    super(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1));
  }

  @Override
  public void execute(Runnable load) {
    waiting.add(load);
  }

  @Override
  public boolean remove(Runnable load) {
    return waiting.remove(load);
  }

  @Override
  public List<Runnable> shutdownNow() {
    List<Runnable> never = List.copyOf(waiting);
    waiting.clear();
    super.shutdownNow();
    return never;
  }

  int waiting() {
    return waiting.size();
  }

  /** Runs one of those that wait, in any order, as several threads might. */
  void runOne(RandomGenerator random) {
    waiting.remove(random.nextInt(waiting.size())).run();
  }
}
