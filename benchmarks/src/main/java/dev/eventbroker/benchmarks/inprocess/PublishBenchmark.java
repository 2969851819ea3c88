package dev.eventbroker.benchmarks.inprocess;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
 * What one call of publish costs its caller while N subscribe to the topic: the processor time of
 * its thread, with nothing else in flight, so it includes waking whoever delivers. It is not the
 * time that goes by: where there are as many lanes as processors, one that was woken takes the
 * caller's before the call has returned.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
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

  /**
   * How long nothing is published once the event before was delivered. With 0 the lanes of a few
   * subscribers have not gone to sleep yet when the next event comes, while those of very many need
   * so long for each event that the first of them has; with 1 all of them sleep.
   */
  @Param({"0", "1"})
  public int restMillis;

  private static final int UNTIL_COMPILED = 50_000;

  private Fanout fanout;
  private Sender sender;

  /** Subscribes everybody, once publishing is compiled: to very many there are few publishes. */
  @Setup(Level.Trial)
  public void subscribeAll() {
    publishToOne();
    fanout = Fanout.onOneTopic(PeerKind.labelled(peer), subscribers, 1, 1);
    sender = fanout.sender(0);
  }

  private void publishToOne() {
    fanout = Fanout.onOneTopic(PeerKind.labelled(peer), 1, 1, 1);
    sender = fanout.sender(0);
    Caller caller = new Caller();
    for (int i = 0; i < UNTIL_COMPILED; i++) {
      sender.awaitAll();
      sender.expectBatch();
      publish(caller);
    }
    finish();
  }

  /** Waits until the event before was delivered, and rests. */
  @Setup(Level.Invocation)
  public void settle() {
    sender.awaitAll();
    rest();
    sender.expectBatch();
  }

  private void rest() {
    long nanos = TimeUnit.MILLISECONDS.toNanos(restMillis);
    long end = System.nanoTime() + nanos;
    while (nanos > 0) {
      LockSupport.parkNanos(nanos);
      nanos = end - System.nanoTime();
    }
  }

  /** Fails if anything was lost or came twice. */
  @TearDown(Level.Trial)
  public void finish() {
    fanout.finish();
  }

  /** See the class comment. */
  @Benchmark
  public void publish(Caller caller) {
    caller.publish(sender);
  }

  /** The thread that publishes, and the processor time that it took for that. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Caller {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** Of all calls of an iteration. */
    public long processorNanos;

    /** How many these were. */
    public long publishes;

    void publish(Sender sender) {
      var unused = THREADS.getCurrentThreadCpuTime(); // the first one after a rest takes longer
      long before = THREADS.getCurrentThreadCpuTime();
      long start = THREADS.getCurrentThreadCpuTime();
      sender.publishNext();
      long end = THREADS.getCurrentThreadCpuTime();
      long clock = start - before;
      processorNanos += end - start - clock;
      publishes++;
    }
  }
}
