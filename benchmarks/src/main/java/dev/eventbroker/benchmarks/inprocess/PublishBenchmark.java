package dev.eventbroker.benchmarks.inprocess;

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
 * What one call of publish costs its caller while N subscribe to the topic: with nothing else in
 * flight, so it includes waking whoever delivers. The median counts, for at times the system gives
 * the processor of the caller to one who was woken before the call has returned.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms3g", "-Xmx3g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class PublishBenchmark {

  /** Who: a label of {@link PeerKind}. */
  @Param({"eventbroker", "loop", "submission-publisher", "jctools"})
  public String peer = "";

  /** How many subscribe to the topic. */
  @Param({"1", "1000", "100000"})
  public int subscribers;

  private Fanout fanout;
  private Sender sender;

  /** Subscribes everybody. */
  @Setup(Level.Trial)
  public void subscribeAll() {
    fanout = Fanout.onOneTopic(PeerKind.labelled(peer), subscribers, 1, 1);
    sender = fanout.sender(0);
  }

  /** Waits until the event before was delivered. */
  @Setup(Level.Invocation)
  public void settle() {
    sender.awaitAll();
    sender.expectBatch();
  }

  /** Fails if anything was lost or came twice. */
  @TearDown(Level.Trial)
  public void finish() {
    fanout.finish();
  }

  /** See the class comment. */
  @Benchmark
  public void publish() {
    sender.publishNext();
  }
}
