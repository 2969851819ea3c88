package dev.eventbroker.benchmarks.inprocess;

import com.google.common.eventbus.AsyncEventBus;
import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import dev.eventbroker.TopicFilter;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Guava's event bus: an object with one annotated method for each subscriber. It chooses by the
 * type of an event and knows no topics, so each topic has a bus. The asynchronous one hands every
 * delivery to an executor as a task: in no order, and without a bound but that of the load. Guava
 * calls each subscriber under a lock of its own.
 */
final class GuavaPeer implements Peer {

  private final Channels<EventBus> channels;
  private final Runnable end;

  private GuavaPeer(Channels<EventBus> channels, Runnable end) {
    this.channels = channels;
    this.end = end;
  }

  /** On the publisher's thread. */
  static Peer direct(int topics) {
    return new GuavaPeer(new Channels<>(topics, EventBus::new), () -> {});
  }

  /** On two threads, a task for each delivery. */
  static Peer async(int topics) {
    ExecutorService threads =
        Executors.newFixedThreadPool(THREADS, work -> new Thread(work, "guava-async"));
    return new GuavaPeer(
        new Channels<>(topics, () -> new AsyncEventBus(threads)), () -> Threads.end(threads));
  }

  @Override
  public Runnable subscribe(TopicFilter filter, Listener listener) {
    EventBus bus = channels.of(filter);
    Annotated subscriber = new Annotated(listener);
    bus.register(subscriber);
    return () -> bus.unregister(subscriber);
  }

  @Override
  public void publish(Tick tick) {
    channels.of(tick).post(tick);
  }

  @Override
  public void close() {
    end.run();
  }

  /** Public, for Guava calls it by reflection. */
  public static final class Annotated {

    private final Listener listener;

    Annotated(Listener listener) {
      this.listener = listener;
    }

    /** Counts it. */
    @Subscribe
    public void on(Tick tick) {
      listener.accept(tick);
    }
  }
}
