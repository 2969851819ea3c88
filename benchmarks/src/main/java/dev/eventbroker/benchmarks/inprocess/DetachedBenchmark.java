package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * From the submit of a detached task, which publishes one event, to the delivery of that event on a
 * lane of the broker: a task's thread and the lane's in between.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms3g", "-Xmx3g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class DetachedBenchmark {

  /** Different topics, so that tasks can run side by side. */
  private static final int TOPICS = 64;

  private final Gate gate = new Gate();
  private final Event[] events = new Event[TOPICS];
  private Broker broker;

  /** Subscribes to all topics. */
  @Setup(Level.Trial)
  public void subscribe() {
    broker = new BrokerBuilder().build();
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("p")).filter(TopicFilter.ALL).build(),
        new Listener.OfOne(new Gate[] {gate, gate}, 1));
    for (int i = 0; i < TOPICS; i++) {
      events[i] = Tick.of(Topics.numbered(i), 0).event();
    }
  }

  /** Ends the broker. */
  @TearDown(Level.Trial)
  public void close() {
    broker.close();
  }

  /** One after another: how long it takes. */
  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  @OutputTimeUnit(TimeUnit.NANOSECONDS)
  public void oneAlone() {
    gate.expect(1);
    submit(events[0]);
    gate.await();
  }

  /** {@value #TOPICS} at once, on as many topics: how many a second. */
  @Benchmark
  @OperationsPerInvocation(TOPICS)
  @BenchmarkMode(Mode.Throughput)
  @OutputTimeUnit(TimeUnit.SECONDS)
  public void manyAtOnce() {
    gate.expect(TOPICS);
    for (Event event : events) {
      submit(event);
    }
    gate.await();
  }

  private void submit(Event event) {
    var unused = broker.detached().submit(event.topic(), context -> context.publish(event));
  }
}
