package dev.eventbroker.connection;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.Connections;
import dev.eventbroker.Registration;
import dev.eventbroker.runtime.LimitedWarnings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts connections by principal and by owner. Safe on any thread, without a lock of its own: a
 * count, its limit and its removal at zero are one atomic step of the map.
 */
public final class LiveConnections implements Connections {

  private static final Logger log = LoggerFactory.getLogger(LiveConnections.class);

  private final int perPrincipal;
  private final BrokerObserver observer;
  private final LimitedWarnings refusals;
  private final LimitedWarnings failures;
  private final Duration heartbeat;
  private final AtomicLong ids = new AtomicLong();
  private final AtomicInteger open = new AtomicInteger();
  private final ConcurrentHashMap<String, Integer> byPrincipal = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Integer> byOwner = new ConcurrentHashMap<>();
  private final List<Listening> listeners = new CopyOnWriteArrayList<>();

  /**
   * Nobody is connected.
   *
   * @param heartbeat how often {@link #tick} is called
   * @param perPrincipal how many connections a principal may have
   * @param observer hears of every connection; must not throw
   * @param nanoClock times the warnings
   */
  public LiveConnections(
      Duration heartbeat, int perPrincipal, BrokerObserver observer, LongSupplier nanoClock) {
    this.heartbeat = requireNonNull(heartbeat, "heartbeat");
    this.perPrincipal = perPrincipal;
    this.observer = observer;
    this.refusals = new LimitedWarnings(log, nanoClock);
    this.failures = new LimitedWarnings(log, nanoClock);
  }

  @Override
  public Connection open(String principal, Optional<String> owner) {
    requireNonNull(principal, "principal");
    requireNonNull(owner, "owner");
    if (!takePlace(principal)) {
      throw refused(principal);
    }
    open.incrementAndGet();
    owner.ifPresent(name -> byOwner.merge(name, 1, Integer::sum));
    Live connection = new Live(ids.incrementAndGet(), principal, owner);
    observer.connectionOpened(connection);
    tell(listener -> listener.onOpen(connection));
    connection.step();
    return connection;
  }

  /** Whether there was one left; if not, nothing has changed. */
  private boolean takePlace(String principal) {
    boolean[] taken = {false};
    byPrincipal.compute(
        principal,
        (same, held) -> {
          int count = held == null ? 0 : held;
          taken[0] = count < perPrincipal;
          return taken[0] ? count + 1 : count;
        });
    return taken[0];
  }

  private BrokerException.Overloaded refused(String principal) {
    String why =
        "connections of "
            + principal
            + ": "
            + perPrincipal
            + " (expected: < "
            + perPrincipal
            + ", the limit per principal)";
    observer.connectionRefused(principal);
    refusals.warn("a connection was refused: " + why, null);
    return new BrokerException.Overloaded(why);
  }

  @Override
  public int count() {
    return open.get();
  }

  @Override
  public int count(String principal) {
    return byPrincipal.getOrDefault(principal, 0);
  }

  @Override
  public Set<String> principals() {
    return Set.copyOf(byPrincipal.keySet());
  }

  @Override
  public Set<String> owners() {
    return Set.copyOf(byOwner.keySet());
  }

  @Override
  public boolean hasOwner(String owner) {
    return byOwner.containsKey(owner);
  }

  @Override
  public Duration heartbeat() {
    return heartbeat;
  }

  @Override
  public Registration listen(ConnectionListener listener) {
    requireNonNull(listener, "listener");
    Listening listening = new Listening(listener);
    listeners.add(listening);
    return listening;
  }

  /** One heartbeat: gathers the owners once, however many listeners there are. */
  public void tick() {
    Set<String> owners = owners();
    tell(listener -> listener.onTick(owners));
  }

  private void closed(Live connection, CloseReason reason) {
    open.decrementAndGet();
    byPrincipal.computeIfPresent(connection.principal, LiveConnections::oneLess);
    connection.owner.ifPresent(name -> byOwner.computeIfPresent(name, LiveConnections::oneLess));
    observer.connectionClosed(connection, reason);
    tell(listener -> listener.onClose(connection, reason));
  }

  @SuppressWarnings("NullAway") // null is how computeIfPresent is told to remove the entry
  private static Integer oneLess(String name, Integer count) {
    return count == 1 ? null : count - 1;
  }

  private void tell(Consumer<ConnectionListener> news) {
    for (Listening listening : listeners) {
      try {
        news.accept(listening.listener);
      } catch (Throwable e) {
        failures.warn("a connection listener threw: " + listening.listener.getClass().getName(), e);
      }
    }
  }

  /** One registration, which is itself and no other, whatever the listener says it equals. */
  private final class Listening implements Registration {

    private final ConnectionListener listener;

    Listening(ConnectionListener listener) {
      this.listener = listener;
    }

    @Override
    public void close() {
      listeners.remove(this);
    }
  }

  private final class Live implements Connection {

    private final long id;
    private final String principal;
    private final Optional<String> owner;
    private final AtomicReference<@Nullable CloseReason> closing = new AtomicReference<>();

    /** All listeners know of it; it was closed. In whichever order, it ends after both. */
    private final AtomicInteger steps = new AtomicInteger(2);

    Live(long id, String principal, Optional<String> owner) {
      this.id = id;
      this.principal = principal;
      this.owner = owner;
    }

    @Override
    public long id() {
      return id;
    }

    @Override
    public String principal() {
      return principal;
    }

    @Override
    public Optional<String> owner() {
      return owner;
    }

    @Override
    public void close(CloseReason reason) {
      requireNonNull(reason, "reason");
      if (closing.compareAndSet(null, reason)) {
        step();
      }
    }

    void step() {
      if (steps.decrementAndGet() > 0) {
        return;
      }
      // Read only now: before the last step it may not have been closed yet.
      CloseReason reason = closing.get();
      if (reason != null) {
        closed(this, reason);
      }
    }

    @Override
    public String toString() {
      return "connection " + id + " of " + principal + owner.map(name -> " at " + name).orElse("");
    }
  }
}
