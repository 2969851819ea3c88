package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How many deliveries a second come from one publisher to N subscribers, beside a plain loop over
 * the same subscribers on the publishing thread (the floor). One operation publishes a batch and
 * waits until every subscriber has counted it, so the number of events in flight is bounded.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class FanoutBenchmark {

  private static final int BATCH = 64;
  private static final int LANES = 2;
  private static final Topic TOPIC = Topic.of("bench/fanout");

  @Param({"loop", "broker"})
  public String way;

  @Param({"1", "10", "100", "1000", "10000"})
  public int subscribers;

  private final List<ExecutorService> executors = new ArrayList<>();
  private final List<Counter> counters = new ArrayList<>();
  private final List<Listener> listeners = new ArrayList<>();
  private final Event event = Event.of(TOPIC, "tick", "x".repeat(200));
  private Broker broker = new BrokerBuilder().build();
  private long expected;

  /** Deliveries that subscribers have counted, per second. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Rate {
    public long deliveries;
  }

  @Setup(Level.Trial)
  public void subscribeAll() {
    for (int i = 0; i < LANES; i++) {
      executors.add(Executors.newSingleThreadExecutor());
      counters.add(new Counter());
    }
    for (int i = 0; i < subscribers; i++) {
      Listener listener = new Listener(counters.get(i % LANES));
      listeners.add(listener);
      if (way.equals("broker")) {
        broker.subscribe(
            SubscribeRequest.by(Authorized.principal("p"))
                .filter(TopicFilter.exactly(TOPIC))
                .lane(executors.get(i % LANES))
                .build(),
            listener);
      }
    }
  }

  @TearDown(Level.Trial)
  public void closeAll() {
    broker.close();
    executors.forEach(ExecutorService::shutdownNow);
  }

  @Benchmark
  @SuppressWarnings("ThreadPriorityCheck") // waiting must not take the processor from the lanes
  public void publish(Rate rate) {
    for (int i = 0; i < BATCH; i++) {
      if (way.equals("broker")) {
        broker.publish(event);
      } else {
        listeners.forEach(Listener::count);
      }
    }
    listeners.stream().filter(listener -> way.equals("loop")).forEach(Listener::onBatchEnd);
    expected += (long) BATCH * subscribers;
    while (counted() < expected) {
      Thread.yield();
    }
    rate.deliveries += (long) BATCH * subscribers;
  }

  private long counted() {
    return counters.stream().mapToLong(Counter::get).sum();
  }

  /** One lane's deliveries. */
  private static final class Counter extends AtomicLong {
    private static final long serialVersionUID = 1L;
  }

  /** Counts by itself, and adds to its lane's counter at the end of a batch. */
  private static final class Listener implements Subscriber {

    private final Counter lane;
    private long uncounted;

    Listener(Counter lane) {
      this.lane = lane;
    }

    void count() {
      uncounted++;
    }

    @Override
    public void onEvent(Delivery delivery) {
      uncounted++;
    }

    @Override
    public void onGap(Gap gap) {
      throw new IllegalStateException("lost events: " + gap);
    }

    @Override
    public void onBatchEnd() {
      lane.lazySet(lane.get() + uncounted);
      uncounted = 0;
    }
  }
}
