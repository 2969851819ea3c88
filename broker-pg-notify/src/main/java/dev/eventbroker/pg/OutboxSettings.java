package dev.eventbroker.pg;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * How an {@link OutboxNode} goes about it.
 *
 * @param instance the publisher that its rows name, in logs and thread names too
 * @param id the part of that name which makes it unique
 * @param schema where the tables are
 * @param prefix what their names start with
 * @param lazyStart whether it may start without a connection
 * @param canaryInterval how often a notification is sent to itself, and is looked what lags
 * @param canaryTimeout how long that may take to come back
 * @param pollInterval how long the worker rests at most
 * @param statementTimeout after which the server gives a statement up
 * @param lockTimeout for how long the server waits for another node's run
 * @param preload how many of the latest messages are brought in at the start
 * @param retainFor for how long messages are kept
 * @param retainBytes how much data is kept
 * @param nanoClock measures how long something takes
 * @param random where jitter and epochs come from
 */
record OutboxSettings(
    String instance,
    String id,
    String schema,
    String prefix,
    boolean lazyStart,
    Duration canaryInterval,
    Duration canaryTimeout,
    Duration pollInterval,
    Duration statementTimeout,
    Duration lockTimeout,
    int preload,
    Duration retainFor,
    long retainBytes,
    LongSupplier nanoClock,
    RandomGenerator random) {

  /** How long one step may take: the server gives up first, and says so. */
  Duration limit() {
    return statementTimeout.plusSeconds(1);
  }

  /** On which nodes hear that there is something new in the order. */
  String orderedChannel() {
    return schema + "." + prefix + "ordered";
  }

  /** On which transactions say that they have published, where they are asked to. */
  String committedChannel() {
    return schema + "." + prefix + "committed";
  }

  /** On which this instance talks to itself. */
  String canaryChannel() {
    return schema + ".canary." + id;
  }
}
