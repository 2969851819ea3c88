package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
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
 * How often a second somebody can come back that many events behind, be told all of them, and go
 * again. The log holds as many events of another topic, one after each. The lane is on the calling
 * thread, so one operation is all of it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms3g", "-Xmx3g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class ReplayBenchmark {

  /** How many events are told. */
  @Param({"1024", "65536"})
  public int events;

  private Broker broker;
  private String lastEventId = "";

  /** Publishes what is to be told. */
  @Setup(Level.Trial)
  public void publishAll() {
    broker = new BrokerBuilder().logEvents(4 * events).logBytes(1L << 30).build();
    Topic asked = Topics.numbered(0);
    Topic other = Topics.numbered(1);
    lastEventId = broker.cursor().toString();
    for (int i = 0; i < events; i++) {
      publish(asked);
      publish(other);
    }
  }

  private void publish(Topic topic) {
    var unused = broker.publish(Tick.of(topic, 0).event());
  }

  /** Ends the broker. */
  @TearDown(Level.Trial)
  public void close() {
    broker.close();
  }

  /** See the class comment. */
  @Benchmark
  public void comeBack() {
    Counter counter = new Counter();
    broker
        .subscribe(
            SubscribeRequest.by(Authorized.principal("p"))
                .filter(TopicFilter.exactly(Topics.numbered(0)))
                .lastEventId(lastEventId)
                .lane(Runnable::run)
                .build(),
            counter)
        .close();
    if (counter.events() != events) {
      throw new IllegalStateException("told: " + counter.events() + " (expected: " + events + ")");
    }
  }
}
