package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sse.SseFrame;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * How often a second an event can be turned into the bytes of its frame. In a broker that happens
 * once for each event, however many connections there are.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms3g", "-Xmx3g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class FramingBenchmark {

  /** Characters of the data, all of one byte, on one line. */
  @Param({"200", "2000"})
  public int bytes;

  private Delivery delivery;

  /** Has a delivery made by a broker. */
  @Setup(Level.Trial)
  public void publish() {
    try (Broker broker = new BrokerBuilder().build()) {
      broker.subscribe(
          SubscribeRequest.by(Authorized.principal("p"))
              .filter(TopicFilter.ALL)
              .lane(Runnable::run)
              .build(),
          new Keeper());
      var unused = broker.publish(Event.of(Topics.numbered(0), "moved", "x".repeat(bytes)));
    }
  }

  /** See the class comment. */
  @Benchmark
  public SseFrame frame() {
    return SseFrame.event(delivery);
  }

  private final class Keeper implements Subscriber {

    @Override
    public void onEvent(Delivery event) {
      delivery = event;
    }

    @Override
    public void onGap(Gap gap) {
      throw new IllegalStateException("lost events: " + gap);
    }
  }
}
