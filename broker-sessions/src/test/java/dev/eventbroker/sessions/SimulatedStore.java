package dev.eventbroker.sessions;

import dev.eventbroker.BrokerException;
import dev.eventbroker.sessions.Acquisition.Acquired;
import dev.eventbroker.sessions.Acquisition.Conflict;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The store as one node reaches it: calls may fail before or after they were done, and what the
 * store did is told to the model. Says that it stores events, so that nothing is published.
 */
final class SimulatedStore implements SessionStore {

  private final SessionStore store;
  private final Line line;
  private final SimulationModel model;
  private final SimulationModel.Tabs tabs;
  private final java.time.InstantSource clock;

  SimulatedStore(
      SessionStore store,
      Line line,
      SimulationModel model,
      SimulationModel.Tabs tabs,
      java.time.InstantSource clock) {
    this.store = store;
    this.line = line;
    this.model = model;
    this.tabs = tabs;
    this.clock = clock;
  }

  /** Between a node and the store. */
  interface Line {

    /** What becomes of the next call. */
    Fate next();

    /** A touch arrived. */
    void touched();
  }

  enum Fate {
    WORKS,
    FAILS,
    /** It is done, and nobody learns of it. */
    FAILS_AFTERWARDS
  }

  private <T> T call(Supplier<T> work) {
    Fate fate = line.next();
    if (fate == Fate.FAILS) {
      throw new BrokerException("not reached");
    }
    T result = work.get();
    if (fate == Fate.FAILS_AFTERWARDS) {
      throw new BrokerException("nobody knows");
    }
    return result;
  }

  @Override
  public boolean storesEvents() {
    return true;
  }

  @Override
  public Acquisition acquire(Claim claim, LeaseTerms terms, SessionEvents events) {
    return call(() -> noted(store.acquire(claim, terms, events), OptionalLong.empty()));
  }

  @Override
  public Acquisition takeOver(Claim claim, long fence, LeaseTerms terms, SessionEvents events) {
    return call(() -> noted(store.takeOver(claim, fence, terms, events), OptionalLong.of(fence)));
  }

  private Acquisition noted(Acquisition acquisition, OptionalLong takenUnder) {
    if (acquisition instanceof Conflict conflict) {
      model.refused(conflict.holder(), takenUnder);
      return acquisition;
    }
    Acquired acquired = (Acquired) acquisition;
    acquired
        .takenFrom()
        .ifPresent(
            session -> {
              model.taken(session, takenUnder);
              released(session, ReleaseReason.TAKEN_OVER);
            });
    if (acquired.begun()) {
      model.began(acquired.session(), clock.instant());
    } else {
      model.still(acquired.session());
    }
    return acquisition;
  }

  private void released(Session session, ReleaseReason reason) {
    model.released(session, reason, clock.instant(), tabs);
  }

  @Override
  public Optional<Session> release(UUID session, ReleaseReason reason, SessionEvents events) {
    return call(
        () -> {
          Optional<Session> ended = store.release(session, reason, events);
          ended.ifPresent(each -> released(each, reason));
          return ended;
        });
  }

  @Override
  public List<Session> releaseOwner(String owner, SessionEvents events) {
    return call(
        () -> {
          List<Session> ended = store.releaseOwner(owner, events);
          ended.forEach(each -> released(each, ReleaseReason.RELEASED));
          return ended;
        });
  }

  @Override
  public Touched touch(
      String node, Set<String> owners, long roll, LeaseTerms terms, SessionEvents events) {
    return call(
        () -> {
          Touched touched = store.touch(node, owners, roll, terms, events);
          model.touched(owners, touched.lost(), clock.instant());
          line.touched();
          return touched;
        });
  }

  @Override
  public void detach(String node, Set<String> owners, LeaseTerms terms) {
    call(
        () -> {
          owners.forEach(owner -> model.left(owner, tabs));
          store.detach(node, owners, terms);
          return true;
        });
  }

  @Override
  public long openRoll() {
    return call(store::openRoll);
  }

  @Override
  public List<Session> settle(LeaseTerms terms, int atMost, SessionEvents events) {
    return call(
        () -> {
          List<Session> ended = store.settle(terms, atMost, events);
          ended.forEach(each -> released(each, ReleaseReason.DISCONNECTED));
          return ended;
        });
  }

  @Override
  public void forget(String node, Set<String> owners) {
    call(
        () -> {
          store.forget(node, owners);
          return true;
        });
  }

  @Override
  public void leave(String node) {
    call(
        () -> {
          store.leave(node);
          return true;
        });
  }

  @Override
  public Swept sweep(LeaseTerms terms, int atMost, SessionEvents events) {
    return call(
        () -> {
          model.sweeps(clock.instant());
          Swept swept = store.sweep(terms, atMost, events);
          swept.expired().forEach(each -> released(each, ReleaseReason.EXPIRED));
          return swept;
        });
  }

  @Override
  public Optional<Session> find(UUID session) {
    return call(() -> store.find(session));
  }

  @Override
  public Optional<Session> holder(String resource) {
    return call(() -> store.holder(resource));
  }

  @Override
  public List<Session> list(SessionQuery query) {
    return call(() -> store.list(query));
  }

  @Override
  public long count() {
    return call(store::count);
  }
}
