package dev.eventbroker.detached;

import dev.eventbroker.Topic;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Which job runs when. Each topic with work has a line of jobs, and only the first of a line ever
 * runs, which is what keeps a topic's jobs in order. First jobs that can run stand in a queue for a
 * number of seats; whoever gets one runs one job on a fresh thread and gives it back, so a topic
 * with much work does not hold up the others.
 *
 * <p>Everything is touched under one lock, held for some steps and never while foreign code runs or
 * a thread is started.
 */
final class TopicLines implements Job.Line {

  private final int seats;
  private final ThreadFactory threads;

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Topic, Queue<Job<?>>> lines = new HashMap<>();
  private final Queue<Job<?>> ready = new ArrayDeque<>();
  private int taken;
  private boolean stopped;

  TopicLines(int seats, ThreadFactory threads) {
    this.seats = seats;
    this.threads = threads;
  }

  /** Puts a job at the end of its topic's line; false if these lines were stopped. */
  boolean add(Job<?> job) {
    lock.lock();
    try {
      if (stopped) {
        return false;
      }
      Queue<Job<?>> line = lines.get(job.topic());
      if (line == null) {
        line = new ArrayDeque<>();
        lines.put(job.topic(), line);
        ready.add(job);
      }
      line.add(job);
    } finally {
      lock.unlock();
    }
    startWhatCan();
    return true;
  }

  @Override
  public void ready(Job<?> job) {
    if (!readyUnlessStopped(job)) {
      job.abandon();
      return;
    }
    startWhatCan();
  }

  private boolean readyUnlessStopped(Job<?> job) {
    lock.lock();
    try {
      return !stopped && ready.add(job);
    } finally {
      lock.unlock();
    }
  }

  /** Starts nothing: the caller does that when it gives its seat back, or is done with all. */
  @Override
  public void leave(Job<?> job) {
    lock.lock();
    try {
      Queue<Job<?>> line = lines.get(job.topic());
      if (stopped || line == null) {
        return;
      }
      line.remove();
      if (line.isEmpty()) {
        lines.remove(job.topic());
      } else {
        ready.add(line.element());
      }
    } finally {
      lock.unlock();
    }
  }

  /** The first of each line. */
  List<Job<?>> heads() {
    lock.lock();
    try {
      List<Job<?>> heads = new ArrayList<>(lines.size());
      lines.values().forEach(line -> heads.add(line.element()));
      return heads;
    } finally {
      lock.unlock();
    }
  }

  /** Starts no job any more, and gives back all there are, line by line. */
  Collection<? extends Collection<Job<?>>> stop() {
    lock.lock();
    try {
      stopped = true;
      List<Queue<Job<?>>> left = new ArrayList<>(lines.values());
      lines.clear();
      ready.clear();
      return left;
    } finally {
      lock.unlock();
    }
  }

  /** Starts the jobs that there are seats for. */
  void startWhatCan() {
    for (Job<?> job = takeSeat(); job != null; job = takeSeat()) {
      start(job);
    }
  }

  private @Nullable Job<?> takeSeat() {
    lock.lock();
    try {
      if (taken == seats || ready.isEmpty()) {
        return null;
      }
      taken++;
      return ready.remove();
    } finally {
      lock.unlock();
    }
  }

  private void start(Job<?> job) {
    try {
      threads.newThread(() -> runOnSeat(job)).start();
    } catch (Throwable e) {
      job.couldNotStart(e);
      leaveSeat();
    }
  }

  private void runOnSeat(Job<?> job) {
    try {
      job.run();
    } finally {
      leaveSeat();
      startWhatCan();
    }
  }

  private void leaveSeat() {
    lock.lock();
    try {
      taken--;
    } finally {
      lock.unlock();
    }
  }
}
