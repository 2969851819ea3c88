package dev.eventbroker.testing;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import dev.eventbroker.Subscriber;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * Writes down what it is told, one word a call: {@code snapshot(…)}, {@code start}, the data of an
 * event, {@code gap(slow)}, {@code |} for a batch end, {@code close(…)}. Safe to read from any
 * thread.
 */
public class RecordingSubscriber implements Subscriber {

  private final List<String> record = new ArrayList<>();
  private final List<Delivery> deliveries = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private volatile boolean ready = true;
  private volatile int readyFor = Integer.MAX_VALUE;
  private EventId started;

  /** Whether it takes events. The test wakes the subscription by itself. */
  public final void ready(boolean nowReady) {
    readyFor = Integer.MAX_VALUE;
    ready = nowReady;
  }

  /** Takes that many events, and is not ready then. */
  public final void readyFor(int events) {
    readyFor = deliveries().size() + events;
    ready = true;
  }

  /** Everything so far, words separated by a blank. */
  public final synchronized String record() {
    return String.join(" ", record);
  }

  /** Everything so far without the batch ends. */
  public final synchronized String recordWithoutBatches() {
    return String.join(" ", record.stream().filter(word -> !word.equals("|")).toList());
  }

  /** The events so far. */
  public final synchronized List<Delivery> deliveries() {
    return List.copyOf(deliveries);
  }

  /** The data of the events so far. */
  public final synchronized List<String> data() {
    return deliveries.stream().map(delivery -> delivery.event().data()).toList();
  }

  /** The gaps so far. */
  public final synchronized List<Gap> gaps() {
    return List.copyOf(gaps);
  }

  /** Where the run started; null before. */
  public final synchronized EventId started() {
    return started;
  }

  /**
   * Completes when the record is as wanted, looked at after every call; wait for it with a timeout.
   */
  public final synchronized CompletableFuture<String> when(Predicate<RecordingSubscriber> wanted) {
    Waiter waiter = new Waiter(wanted);
    if (!waiter.look()) {
      waiters.add(waiter);
    }
    return waiter.done;
  }

  private final List<Waiter> waiters = new ArrayList<>();

  private final class Waiter {

    private final Predicate<RecordingSubscriber> wanted;
    private final CompletableFuture<String> done = new CompletableFuture<>();

    Waiter(Predicate<RecordingSubscriber> wanted) {
      this.wanted = wanted;
    }

    boolean look() {
      return wanted.test(RecordingSubscriber.this) && done.complete(record());
    }
  }

  private synchronized void write(String word) {
    record.add(word);
    waiters.removeIf(Waiter::look);
  }

  @Override
  public boolean ready() {
    return ready && deliveries().size() < readyFor;
  }

  @Override
  public void onSnapshot(Snapshot snapshot, EventId cursor) {
    write("snapshot(" + snapshot.data() + ")");
  }

  @Override
  public synchronized void onStart(EventId cursor) {
    started = cursor;
    write("start");
  }

  @Override
  public void onEvent(Delivery delivery) {
    synchronized (this) {
      deliveries.add(delivery);
    }
    write(delivery.event().data());
  }

  @Override
  public void onGap(Gap gap) {
    synchronized (this) {
      gaps.add(gap);
    }
    write("gap(" + gap.reason().wireName() + ")");
  }

  @Override
  public void onBatchEnd() {
    write("|");
  }

  @Override
  public void onClose(CloseReason reason) {
    write("close(" + reason.code() + ")");
  }
}
