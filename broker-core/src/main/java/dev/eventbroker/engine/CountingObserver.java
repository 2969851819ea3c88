package dev.eventbroker.engine;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.Gap;
import dev.eventbroker.Message;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.Topic;
import java.time.Duration;
import java.util.Optional;

/**
 * Counts what is told, and then passes it on: what an observer hears and what the counters say
 * can't differ, and whoever hears of something finds it counted.
 */
final class CountingObserver implements BrokerObserver {

  private final Counters counters;
  private final BrokerObserver next;

  CountingObserver(Counters counters, BrokerObserver next) {
    this.counters = counters;
    this.next = next;
  }

  @Override
  public void connectionOpened(Connection connection) {
    counters.connectionsOpened.increment();
    next.connectionOpened(connection);
  }

  @Override
  public void connectionRefused(String principal) {
    counters.connectionsRefused.increment();
    next.connectionRefused(principal);
  }

  @Override
  public void connectionClosed(Connection connection, CloseReason reason) {
    counters.connectionsClosed.increment(reason.code());
    next.connectionClosed(connection, reason);
  }

  @Override
  public void subscriptionOpened(String principal) {
    counters.subscriptionsOpened.increment();
    next.subscriptionOpened(principal);
  }

  @Override
  public void subscriptionClosed(String principal, CloseReason reason) {
    counters.subscriptionsClosed.increment(reason.code());
    next.subscriptionClosed(principal, reason);
  }

  @Override
  public void snapshotLoaded(String principal, Duration took) {
    counters.snapshotsLoaded.increment();
    counters.snapshotNanos.add(took.toNanos());
    next.snapshotLoaded(principal, took);
  }

  @Override
  public void snapshotFallback(String principal, Throwable cause) {
    counters.snapshotsFailed.increment();
    next.snapshotFallback(principal, cause);
  }

  @Override
  public void gap(String principal, Gap gap) {
    counters.gaps(gap.reason()).increment();
    next.gap(principal, gap);
  }

  /** Counted by {@link FlushTimes}, which measures it. */
  @Override
  public void batchFlushed(int events, Duration sincePublish) {
    next.batchFlushed(events, sincePublish);
  }

  @Override
  public void laneBlocked(String lane, Optional<String> principal, Duration lasted) {
    counters.lanesBlocked.increment();
    next.laneBlocked(lane, principal, lasted);
  }

  /** Counted by the workers, which know of it first. */
  @Override
  public void detachedFailed(Topic topic, Throwable cause) {
    next.detachedFailed(topic, cause);
  }

  /** Counted by the workers. */
  @Override
  public void detachedAbandoned(long tasks) {
    next.detachedAbandoned(tasks);
  }

  /** Counted where it fails. */
  @Override
  public void deferredFailed(Message message, Throwable cause) {
    next.deferredFailed(message, cause);
  }

  @Override
  public void sourceChanged(SourceStatus status) {
    next.sourceChanged(status);
  }
}
