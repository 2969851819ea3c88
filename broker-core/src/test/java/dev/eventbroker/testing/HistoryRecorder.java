package dev.eventbroker.testing;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.Subscriber;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Writes down everything that one subscription is told, for a {@link HistoryChecker}. Also notices
 * what no later look could: calls at one time, and events after "not ready". Written on the lane,
 * safe to read from any thread.
 */
public class HistoryRecorder implements Subscriber {

  /** One call. */
  public sealed interface Told {

    /** {@link Subscriber#onSnapshot}. */
    record State(Snapshot snapshot, EventId cursor) implements Told {}

    /** {@link Subscriber#onStart}. */
    record Start(EventId cursor) implements Told {}

    /** {@link Subscriber#onEvent}. */
    record Delivered(Delivery delivery) implements Told {}

    /** {@link Subscriber#onGap}. */
    record Broken(Gap gap) implements Told {}

    /** {@link Subscriber#onBatchEnd}. */
    record BatchEnd() implements Told {}

    /** {@link Subscriber#onClose}. */
    record End(CloseReason reason) implements Told {}

    /** What must never happen, whatever was published. */
    record Impossible(String what) implements Told {}
  }

  private final List<Told> record = new ArrayList<>();
  private final AtomicInteger inside = new AtomicInteger();
  private final CompletableFuture<CloseReason> closed = new CompletableFuture<>();
  private volatile boolean ready = true;
  private boolean answeredReady; // the lane's thread only

  /** Whether it takes events. The test wakes the subscription by itself. */
  public final void ready(boolean nowReady) {
    ready = nowReady;
  }

  /** Everything so far. */
  public final synchronized List<Told> record() {
    return List.copyOf(record);
  }

  /** The place after the last thing that was told; empty before the first. */
  public final synchronized Optional<EventId> reached() {
    for (int i = record.size() - 1; i >= 0; i--) {
      if (record.get(i) instanceof Told.Delivered told) {
        return Optional.of(told.delivery().cursor());
      }
      if (record.get(i) instanceof Told.Broken told) {
        return Optional.of(told.gap().to());
      }
      if (record.get(i) instanceof Told.Start told) {
        return Optional.of(told.cursor());
      }
    }
    return Optional.empty();
  }

  /** Completes with the reason when it is closed. */
  public final CompletableFuture<CloseReason> closed() {
    return closed;
  }

  /** Called after each call was written down, on the lane; for what a subscriber may do there. */
  protected void after(Told told) {}

  private void write(Told told) {
    boolean alone = inside.incrementAndGet() == 1;
    synchronized (this) {
      if (!alone) {
        record.add(new Told.Impossible("two calls at one time"));
      }
      record.add(told);
    }
    try {
      after(told);
    } finally {
      inside.decrementAndGet();
    }
  }

  @Override
  public boolean ready() {
    answeredReady = ready;
    return answeredReady;
  }

  @Override
  public final void onSnapshot(Snapshot snapshot, EventId cursor) {
    write(new Told.State(snapshot, cursor));
  }

  @Override
  public final void onStart(EventId cursor) {
    write(new Told.Start(cursor));
  }

  @Override
  public final void onEvent(Delivery delivery) {
    if (!answeredReady) {
      write(new Told.Impossible("an event without having asked whether one is taken"));
    }
    answeredReady = false;
    write(new Told.Delivered(delivery));
  }

  @Override
  public final void onGap(Gap gap) {
    write(new Told.Broken(gap));
  }

  @Override
  public final void onBatchEnd() {
    write(new Told.BatchEnd());
  }

  @Override
  public final void onClose(CloseReason reason) {
    write(new Told.End(reason));
    closed.complete(reason);
  }
}
