package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.pg.PublishQueue.Publish;
import dev.eventbroker.runtime.BrokerThreads;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells publishers what became of their events, in order and on a thread of its own: what hangs on
 * a stage is foreign code, and must not hold up the connection. What it has not told yet counts
 * against the queue's bound. Any thread.
 */
final class Settlement {

  private static final Logger log = LoggerFactory.getLogger(Settlement.class);

  private final PublishQueue queue;
  private final ExecutorService teller;

  Settlement(String name, PublishQueue queue) {
    this.queue = queue;
    this.teller = Executors.newSingleThreadExecutor(new BrokerThreads(name + "-results"));
  }

  /**
   * A message and its place.
   *
   * @param publish the message
   * @param id its place
   */
  record Placed(Publish publish, EventId id) {}

  void complete(List<Placed> placed) {
    tell(
        () ->
            placed.forEach(
                one -> {
                  queue.settled(one.publish());
                  one.publish().stage().complete(one.id());
                }));
  }

  void fail(Publish publish, BrokerException cause) {
    tell(
        () -> {
          queue.settled(publish);
          publish.stage().completeExceptionally(cause);
        });
  }

  private void tell(Runnable task) {
    try {
      teller.execute(task);
    } catch (RejectedExecutionException e) {
      // Closed by force while the worker still ran: nobody is held up by it any more.
      task.run();
    }
  }

  /**
   * Tells what there is to tell, and then stops. Foreign code that takes longer than that ends its
   * thread when it ends.
   */
  void close(Duration timeout) {
    teller.shutdown();
    try {
      if (!teller.awaitTermination(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
        log.warn("what hangs on the result of a publish blocks its thread");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
