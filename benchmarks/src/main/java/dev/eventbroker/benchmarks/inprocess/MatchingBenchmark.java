package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
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
 * What an event on a topic of three levels costs that one of N subscriptions asks for, each with a
 * filter of its own. The lane runs on the publishing thread, so one operation is the append, the
 * match and one delivery; what grows with N is the match alone.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms3g", "-Xmx3g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class MatchingBenchmark {

  /** How many subscriptions there are, each with another filter. */
  @Param({"10", "10000", "1000000"})
  public int filters;

  /** Whether their last level is one. */
  @Param({"false", "true"})
  public boolean wildcard;

  private final Broker broker = new BrokerBuilder().logEvents(1024).build();
  private final Executor lane = Runnable::run;
  private final Counter counter = new Counter();
  private Event event;

  /** Subscribes everybody. */
  @Setup(Level.Trial)
  public void subscribeAll() {
    String last = wildcard ? TopicFilter.ONE : "board";
    for (int i = 0; i < filters; i++) {
      broker.subscribe(
          SubscribeRequest.by(Authorized.principal("p"))
              .filter(TopicFilter.of("project/" + i + "/" + last))
              .lane(lane)
              .build(),
          counter);
    }
    event = Event.of(Topics.numbered(filters / 2), "tick", "x");
  }

  /** Fails if nothing was delivered. */
  @TearDown(Level.Trial)
  public void close() {
    counter.requireSome();
    broker.close();
  }

  /** See the class comment. */
  @Benchmark
  public CompletionStage<EventId> publish() {
    return broker.publish(event);
  }
}
