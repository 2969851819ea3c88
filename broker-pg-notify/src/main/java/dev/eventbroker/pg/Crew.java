package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one source, each on its thread, with the watchdog over them and a close that
 * always ends.
 */
final class Crew {

  /** How a close went. */
  enum Ending {
    /** Every connection said goodbye. */
    ORDERLY("closed"),
    /** At least one did not answer, and its socket was reset. */
    FORCED("closed by force: a connection did not answer"),
    /** Even then a thread went on: it is in foreign code. */
    LEAKED("closed, but a thread did not end");

    private final String detail;

    Ending(String detail) {
      this.detail = detail;
    }

    String detail() {
      return detail;
    }
  }

  private static final Logger log = LoggerFactory.getLogger(Crew.class);

  /** A start has a connection to open and a backlog to read, twice over. */
  private static final Duration START_TIMEOUT = Duration.ofSeconds(30);

  private final String name;
  private final List<Lifeline> lifelines;
  private final Watchdog watchdog;
  private final LongSupplier nanoClock;

  Crew(String name, List<Lifeline> lifelines, LongSupplier nanoClock) {
    this.name = name;
    this.lifelines = lifelines;
    this.watchdog = Watchdog.over(name, lifelines);
    this.nanoClock = nanoClock;
  }

  /**
   * Starts one after the other, each when the one before has proven itself.
   *
   * @throws BrokerException saying which one can't, and why
   */
  void start() {
    for (Lifeline lifeline : lifelines) {
      lifeline.start();
      awaitReady(lifeline);
    }
  }

  /** Starts all, and leaves it to them when they get a connection. Returns at once. */
  void startLazily() {
    lifelines.forEach(Lifeline::start);
  }

  private void awaitReady(Lifeline lifeline) {
    try {
      lifeline.ready().get(START_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BrokerException cause) {
        // With the stack of who asked; the cause below has the one of the connection's thread.
        throw new BrokerException(String.valueOf(cause.getMessage()), cause);
      }
      throw new BrokerException(name + ": can't start", e);
    } catch (TimeoutException e) {
      throw new BrokerException(name + ": not started within " + START_TIMEOUT, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokerException(name + ": interrupted while it was started", e);
    }
  }

  /** Asks all to end after what they have in hand. Returns at once. */
  void stop() {
    lifelines.forEach(Lifeline::stop);
  }

  /**
   * Waits for their end; half of the time for an orderly one, then by force. Ends within the time,
   * whatever the network, the server or the driver do.
   */
  Ending end(Duration timeout) {
    long start = nanoClock.getAsLong();
    long half = timeout.toNanos() / 2;
    boolean interrupted = false;
    boolean ended = false;
    try {
      ended = awaitUntil(start + half);
    } catch (InterruptedException e) {
      // Whoever closes is in a hurry: no more patience, but no end without the sockets reset.
      interrupted = true;
    }
    Ending ending = Ending.ORDERLY;
    if (!ended) {
      ending = force(start + timeout.toNanos());
    }
    watchdog.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ending;
  }

  private Ending force(long deadline) {
    lifelines.forEach(lifeline -> lifeline.destroy("closed"));
    log.warn("{}: a connection did not end by itself, its socket was reset", name);
    boolean ended = false;
    try {
      ended = awaitUntil(deadline);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!ended) {
      log.error("{}: a thread did not end although its socket was reset", name);
    }
    return ended ? Ending.FORCED : Ending.LEAKED;
  }

  private boolean awaitUntil(long deadline) throws InterruptedException {
    for (Lifeline lifeline : lifelines) {
      if (!lifeline.awaitEnd(deadline - nanoClock.getAsLong())) {
        return false;
      }
    }
    return true;
  }
}
