package dev.eventbroker.sessions;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells several, none of which can harm the others or who tells. */
final class GuardedObservers implements SessionObserver {

  private static final Logger log = LoggerFactory.getLogger(GuardedObservers.class);

  private final List<SessionObserver> observers;

  GuardedObservers(SessionObserver... observers) {
    this.observers = List.of(observers);
  }

  @Override
  public void acquired(Session session) {
    tell(observer -> observer.acquired(session));
  }

  @Override
  public void released(Session session, ReleaseReason reason) {
    tell(observer -> observer.released(session, reason));
  }

  @Override
  public void lost(Session session, ReleaseReason reason) {
    tell(observer -> observer.lost(session, reason));
  }

  @Override
  public void swept(Swept result, Duration took) {
    tell(observer -> observer.swept(result, took));
  }

  @Override
  public void storeFailed(Throwable cause) {
    tell(observer -> observer.storeFailed(cause));
  }

  private void tell(Consumer<SessionObserver> news) {
    for (SessionObserver observer : observers) {
      try {
        news.accept(observer);
      } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
        log.warn("a session observer threw: {}", observer, e);
      }
    }
  }
}
