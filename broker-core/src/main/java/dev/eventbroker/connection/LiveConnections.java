package dev.eventbroker.connection;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.Connections;
import dev.eventbroker.Registration;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts connections by principal and by owner. Safe on any thread, without a lock of its own: a
 * count and its removal at zero are one atomic step of the map.
 */
public final class LiveConnections implements Connections {

  private static final Logger log = LoggerFactory.getLogger(LiveConnections.class);

  private final Duration heartbeat;
  private final AtomicLong ids = new AtomicLong();
  private final AtomicInteger open = new AtomicInteger();
  private final ConcurrentHashMap<String, Integer> byPrincipal = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Integer> byOwner = new ConcurrentHashMap<>();
  private final List<ConnectionListener> listeners = new CopyOnWriteArrayList<>();

  /** Without any connection yet; {@link #tick} is called that often. */
  public LiveConnections(Duration heartbeat) {
    this.heartbeat = requireNonNull(heartbeat, "heartbeat");
  }

  @Override
  public Connection open(String principal, Optional<String> owner) {
    requireNonNull(principal, "principal");
    open.incrementAndGet();
    byPrincipal.merge(principal, 1, Integer::sum);
    owner.ifPresent(name -> byOwner.merge(name, 1, Integer::sum));
    Live connection = new Live(ids.incrementAndGet(), principal, owner);
    tell(listener -> listener.onOpen(connection));
    connection.step();
    return connection;
  }

  @Override
  public int count() {
    return open.get();
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
    listeners.add(listener);
    return () -> listeners.remove(listener);
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
    tell(listener -> listener.onClose(connection, reason));
  }

  @SuppressWarnings("NullAway") // null is how computeIfPresent is told to remove the entry
  private static Integer oneLess(String name, Integer count) {
    return count == 1 ? null : count - 1;
  }

  private void tell(Consumer<ConnectionListener> news) {
    for (ConnectionListener listener : listeners) {
      try {
        news.accept(listener);
      } catch (Throwable e) {
        log.warn("a connection listener threw: {}", listener, e);
      }
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
      CloseReason reason = closing.get();
      if (steps.decrementAndGet() == 0 && reason != null) {
        closed(this, reason);
      }
    }

    @Override
    public String toString() {
      return "connection " + id + " of " + principal + owner.map(name -> " at " + name).orElse("");
    }
  }
}
