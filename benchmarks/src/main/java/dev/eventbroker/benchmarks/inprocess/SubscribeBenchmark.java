package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
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
 * What it costs to subscribe and to go again beside N others with the same filter. The lane runs on
 * the calling thread, so one operation is both from the call to the end of the handshake and from
 * the close to the last trace.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx3g")
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class SubscribeBenchmark {

  @Param({"project/42/board", "project/*/board"})
  public String filter;

  @Param({"0", "100000", "1000000"})
  public int others;

  private final Broker broker = new BrokerBuilder().logEvents(1024).build();
  private final Executor lane = Runnable::run;
  private final Subscriber subscriber =
      new Subscriber() {
        @Override
        public void onEvent(Delivery delivery) {}

        @Override
        public void onGap(Gap gap) {}
      };

  @Setup
  public void subscribeOthers() {
    for (int i = 0; i < others; i++) {
      broker.subscribe(request(), subscriber);
    }
  }

  @TearDown
  public void close() {
    broker.close();
  }

  @Benchmark
  public void subscribeAndClose() {
    broker.subscribe(request(), subscriber).close();
  }

  private SubscribeRequest request() {
    return SubscribeRequest.by(Authorized.principal("p"))
        .filter(TopicFilter.of(filter))
        .lane(lane)
        .build();
  }
}
