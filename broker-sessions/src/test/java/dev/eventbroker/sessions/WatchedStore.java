package dev.eventbroker.sessions;

import dev.eventbroker.BrokerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;

/** Notes what a node asks of a store; hangs or fails when it is told to. */
final class WatchedStore implements SessionStore {

  private final SessionStore store;
  private final List<String> calls = new ArrayList<>(); // guarded by this
  private final Semaphore stalled = new Semaphore(0);
  private volatile CountDownLatch gate = new CountDownLatch(0);
  private volatile boolean failing;

  WatchedStore(SessionStore store) {
    this.store = store;
  }

  /** From the next call on of those that the worker makes. */
  void stall() {
    gate = new CountDownLatch(1);
  }

  void awaitStalled() throws InterruptedException {
    stalled.acquire();
  }

  void goOn() {
    gate.countDown();
  }

  void fail(boolean failingNow) {
    failing = failingNow;
  }

  /** Those of the worker since the last call. */
  synchronized List<String> takeCalls() {
    List<String> taken = List.copyOf(calls);
    calls.clear();
    return taken;
  }

  private void called(String method, Set<String> owners) {
    synchronized (this) {
      calls.add(method + " " + new TreeSet<>(owners));
    }
    if (failing) {
      throw new BrokerException("failing on purpose");
    }
    CountDownLatch closedGate = gate;
    if (closedGate.getCount() > 0) {
      stalled.release();
      try {
        closedGate.await();
      } catch (InterruptedException e) {
        throw new BrokerException("interrupted", e);
      }
    }
  }

  @Override
  public boolean storesEvents() {
    return store.storesEvents();
  }

  @Override
  public Acquisition acquire(Claim claim, LeaseTerms terms, SessionEvents events) {
    return store.acquire(claim, terms, events);
  }

  @Override
  public Acquisition takeOver(Claim claim, long fence, LeaseTerms terms, SessionEvents events) {
    return store.takeOver(claim, fence, terms, events);
  }

  @Override
  public Optional<Session> release(UUID session, ReleaseReason reason, SessionEvents events) {
    return store.release(session, reason, events);
  }

  @Override
  public List<Session> releaseOwner(String owner, SessionEvents events) {
    return store.releaseOwner(owner, events);
  }

  @Override
  public Touched touch(
      String node, Set<String> owners, long roll, LeaseTerms terms, SessionEvents events) {
    called("touch", owners);
    return store.touch(node, owners, roll, terms, events);
  }

  @Override
  public void detach(String node, Set<String> owners, LeaseTerms terms) {
    called("detach", owners);
    store.detach(node, owners, terms);
  }

  @Override
  public long openRoll() {
    return store.openRoll();
  }

  @Override
  public List<Session> settle(LeaseTerms terms, int atMost, SessionEvents events) {
    return store.settle(terms, atMost, events);
  }

  @Override
  public void leave(String node) {
    store.leave(node);
  }

  @Override
  public void forget(String node, Set<String> owners) {
    called("forget", owners);
    store.forget(node, owners);
  }

  @Override
  public Swept sweep(LeaseTerms terms, int atMost, SessionEvents events) {
    called("sweep", Set.of());
    return store.sweep(terms, atMost, events);
  }

  @Override
  public Optional<Session> find(UUID session) {
    return store.find(session);
  }

  @Override
  public Optional<Session> holder(String resource) {
    return store.holder(resource);
  }

  @Override
  public List<Session> list(SessionQuery query) {
    return store.list(query);
  }

  @Override
  public long count() {
    return store.count();
  }
}
