package dev.eventbroker.engine;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.Gap;
import dev.eventbroker.Message;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.Topic;
import dev.eventbroker.runtime.LimitedWarnings;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an observer throws, of whatever kind, stays with the observer, and can't flood the log. */
final class GuardedObserver implements BrokerObserver {

  private static final Logger log = LoggerFactory.getLogger(GuardedObserver.class);

  private final BrokerObserver observer;
  private final LimitedWarnings warnings;

  GuardedObserver(BrokerObserver observer, LongSupplier nanoClock) {
    this.observer = observer;
    this.warnings = new LimitedWarnings(log, nanoClock);
  }

  @Override
  public void connectionOpened(Connection connection) {
    tell(guarded -> guarded.connectionOpened(connection));
  }

  @Override
  public void connectionRefused(String principal) {
    tell(guarded -> guarded.connectionRefused(principal));
  }

  @Override
  public void connectionClosed(Connection connection, CloseReason reason) {
    tell(guarded -> guarded.connectionClosed(connection, reason));
  }

  @Override
  public void subscriptionOpened(String principal) {
    tell(guarded -> guarded.subscriptionOpened(principal));
  }

  @Override
  public void subscriptionClosed(String principal, CloseReason reason) {
    tell(guarded -> guarded.subscriptionClosed(principal, reason));
  }

  @Override
  public void snapshotLoaded(String principal, Duration took) {
    tell(guarded -> guarded.snapshotLoaded(principal, took));
  }

  @Override
  public void snapshotFallback(String principal, Throwable cause) {
    tell(guarded -> guarded.snapshotFallback(principal, cause));
  }

  @Override
  public void gap(String principal, Gap gap) {
    tell(guarded -> guarded.gap(principal, gap));
  }

  @Override
  public void batchFlushed(int events, Duration sincePublish) {
    tell(guarded -> guarded.batchFlushed(events, sincePublish));
  }

  @Override
  public void laneBlocked(String lane, Optional<String> principal, Duration lasted) {
    tell(guarded -> guarded.laneBlocked(lane, principal, lasted));
  }

  @Override
  public void detachedFailed(Topic topic, Throwable cause) {
    tell(guarded -> guarded.detachedFailed(topic, cause));
  }

  @Override
  public void detachedAbandoned(long tasks) {
    tell(guarded -> guarded.detachedAbandoned(tasks));
  }

  @Override
  public void deferredFailed(Message message, Throwable cause) {
    tell(guarded -> guarded.deferredFailed(message, cause));
  }

  @Override
  public void sourceChanged(SourceStatus status) {
    tell(guarded -> guarded.sourceChanged(status));
  }

  private void tell(Consumer<BrokerObserver> news) {
    try {
      news.accept(observer);
    } catch (Throwable e) {
      warnings.warn("the observer threw: " + observer.getClass().getName(), e);
    }
  }
}
