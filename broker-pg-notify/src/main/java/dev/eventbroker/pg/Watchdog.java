package dev.eventbroker.pg;

import dev.eventbroker.runtime.BrokerThreads;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Destroys connections that do not answer, from outside: once the first byte of a message has come,
 * the driver waits for the rest without a limit, and nothing on that thread can end it.
 */
final class Watchdog implements AutoCloseable {

  /** Far finer than any limit it watches over. */
  private static final long INTERVAL_MILLIS = 100;

  private final ScheduledThreadPoolExecutor timer;

  private Watchdog(ScheduledThreadPoolExecutor timer) {
    this.timer = timer;
  }

  static Watchdog over(String name, List<Lifeline> lifelines) {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(1, new BrokerThreads(name + "-watchdog"));
    var unused =
        timer.scheduleWithFixedDelay(
            () -> lifelines.forEach(Lifeline::check),
            INTERVAL_MILLIS,
            INTERVAL_MILLIS,
            TimeUnit.MILLISECONDS);
    return new Watchdog(timer);
  }

  /** It never blocks, so its thread ends at once; it is waited for all the same. */
  @Override
  public void close() {
    timer.shutdownNow();
    try {
      var unused = timer.awaitTermination(INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
