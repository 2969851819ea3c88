package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * What an event on a topic of three levels costs that one of N subscriptions asks for, each with a
 * filter of its own. The lane runs on the publishing thread, so one operation is the append, the
 * match and one delivery; what grows with N is the match alone.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx3g")
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class MatchingBenchmark {

  @Param({"exact", "wildcard"})
  public String filters;

  @Param({"10", "10000", "1000000"})
  public int subscriptions;

  private final Broker broker = new BrokerBuilder().logEvents(1024).build();
  private final Executor lane = Runnable::run;
  private final Counter counter = new Counter();
  private Event event = Event.of(Topic.of("unset"), "tick", "");

  @Setup
  public void subscribeAll() {
    String last = filters.equals("exact") ? "board" : TopicFilter.ONE;
    for (int i = 0; i < subscriptions; i++) {
      broker.subscribe(
          SubscribeRequest.by(Authorized.principal("p"))
              .filter(TopicFilter.of("project/" + i + "/" + last))
              .lane(lane)
              .build(),
          counter);
    }
    event = Event.of(Topic.of("project/" + subscriptions / 2 + "/board"), "tick", "x");
  }

  @TearDown
  public void close() {
    if (counter.events == 0) {
      throw new IllegalStateException("nothing was delivered");
    }
    broker.close();
  }

  @Benchmark
  public CompletionStage<EventId> publish() {
    return broker.publish(event);
  }

  private static final class Counter implements Subscriber {

    private long events;

    @Override
    public void onEvent(Delivery delivery) {
      events++;
    }

    @Override
    public void onGap(Gap gap) {
      throw new IllegalStateException("lost events: " + gap);
    }
  }
}
