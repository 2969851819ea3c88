package dev.eventbroker.benchmarks.inprocess;

import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * How many deliveries a second come from one publish to N subscribers. Each thread is a publisher:
 * one operation publishes a batch and waits until every subscriber has counted the batch before, so
 * at most two batches ({@link Fanout#batch}) are in flight. Counted is what subscribers have
 * counted; at the end each of them has counted every event once, or the benchmark fails.
 *
 * <p>With more than one topic every subscriber has one of its own, and an event reaches one
 * subscriber: what is measured is finding it.
 *
 * <p>Events are made beforehand, so what is allocated is the peer's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms3g", "-Xmx3g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class FanoutBenchmark {

  /** Who: a label of {@link PeerKind}. */
  @Param({
    "eventbroker",
    "loop",
    "submission-publisher",
    "reactor-buffered",
    "reactor-direct",
    "guava",
    "guava-async",
    "vertx",
    "jctools"
  })
  public String peer = "";

  /** How many subscribers there are in all. */
  @Param({"1", "10", "100", "1000", "10000", "100000"})
  public int subscribers;

  /** 1, or as many as there are subscribers. */
  @Param("1")
  public int topics;

  private Fanout fanout;

  /** Deliveries that subscribers have counted, per second. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Counted {

    /** Read by JMH. */
    public long deliveries;
  }

  /** One thread's events in flight. */
  @State(Scope.Thread)
  public static class Publisher {

    private Sender sender;
    private int reached;

    /** Each thread has a sender of its own. */
    @Setup(Level.Trial)
    public void choose(FanoutBenchmark benchmark, ThreadParams thread) {
      sender = benchmark.fanout.sender(thread.getThreadIndex());
      reached = benchmark.subscribers / benchmark.topics;
    }
  }

  /** Subscribes everybody. */
  @Setup(Level.Trial)
  public void subscribeAll(BenchmarkParams params) {
    PeerKind kind = PeerKind.labelled(peer);
    int publishers = params.getThreads();
    fanout =
        topics == 1
            ? Fanout.onOneTopic(
                kind, subscribers, publishers, Fanout.batch(subscribers, publishers))
            : Fanout.onOwnTopics(kind, topics, publishers);
  }

  /** Fails if anything was lost or came twice. */
  @TearDown(Level.Trial)
  public void finish() {
    fanout.finish();
  }

  /** See the class comment. */
  @Benchmark
  public void publishBatch(Publisher publisher, Counted counted) {
    counted.deliveries += (long) publisher.sender.publishBatch() * publisher.reached;
  }
}
