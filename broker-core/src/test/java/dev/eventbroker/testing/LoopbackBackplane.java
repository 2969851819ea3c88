package dev.eventbroker.testing;

import dev.eventbroker.Backplane;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import dev.eventbroker.Message;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.runtime.BrokerThreads;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** The nodes of one process: what a backplane is, with nothing between them. */
public final class LoopbackBackplane implements Backplane {

  /** What its nodes share: the order. */
  public static final class Medium {

    private final List<LoopbackBackplane> nodes = new CopyOnWriteArrayList<>();

    // Guarded by this.
    private final Map<String, EventId> keys = new HashMap<>();
    private EventId cursor = new EventId("loopback", 0);

    /** Every node is given it in the same order, for each has a queue and one thread. */
    private synchronized void publish(
        LoopbackBackplane publisher, Message message, Consumer<EventId> done) {
      Optional<String> key =
          message instanceof Event event ? event.idempotencyKey() : Optional.empty();
      EventId known = key.map(keys::get).orElse(null);
      if (known != null) {
        publisher.thread.execute(() -> done.accept(known));
        return;
      }
      EventId id = new EventId(cursor.epoch(), cursor.position() + 1);
      cursor = id;
      key.ifPresent(name -> keys.put(name, id));
      nodes.forEach(node -> node.thread.execute(() -> node.deliver(id, message)));
      publisher.thread.execute(() -> done.accept(id));
    }

    private synchronized void join(LoopbackBackplane node, Inbound inbound) {
      inbound.begin(cursor);
      node.inbound = Optional.of(inbound);
      nodes.add(node);
    }

    private synchronized void leave(LoopbackBackplane node) {
      nodes.remove(node);
      node.thread.shutdown();
    }
  }

  private final Medium medium;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(new BrokerThreads("loopback"));
  private volatile Optional<Inbound> inbound = Optional.empty();
  private volatile boolean closed;

  /** A node on that medium. */
  public LoopbackBackplane(Medium medium) {
    this.medium = medium;
  }

  @Override
  public void start(Inbound newInbound) {
    if (closed) {
      throw new BrokerException.Closed("loopback");
    }
    medium.join(this, newInbound);
  }

  private void deliver(EventId id, Message message) {
    inbound.orElseThrow().message(id, Instant.EPOCH, message);
  }

  @Override
  public CompletionStage<EventId> publish(Message message) {
    CompletableFuture<EventId> stage = new CompletableFuture<>();
    synchronized (medium) {
      if (closed) {
        return CompletableFuture.failedStage(new BrokerException.Closed("loopback"));
      }
      medium.publish(this, message, stage::complete);
    }
    return stage;
  }

  @Override
  public SourceStatus status() {
    SourceStatus.State state =
        closed
            ? SourceStatus.State.CLOSED
            : inbound.isPresent() ? SourceStatus.State.UP : SourceStatus.State.CONNECTING;
    return new SourceStatus("loopback", state, "");
  }

  @Override
  public void close() {
    synchronized (medium) {
      closed = true;
      medium.leave(this);
    }
  }
}
