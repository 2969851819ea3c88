package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;
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
 * How many times a second one can subscribe and go again beside N others with the same filter.
 * Nothing is published. Ours has its lane on the calling thread, so that one operation is both from
 * the call to the end of the handshake and from the close to the last trace. Of a {@code
 * SubmissionPublisher} a cancelled subscriber is taken out by the next call that passes it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms3g", "-Xmx3g", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class SubscribeBenchmark {

  /** Who: a label of {@link PeerKind}. */
  @Param({
    "eventbroker",
    "loop",
    "submission-publisher",
    "reactor-buffered",
    "reactor-direct",
    "guava",
    "vertx",
    "jctools"
  })
  public String peer = "";

  /** How many others there are. */
  @Param({"0", "1000", "100000", "1000000"})
  public int beside;

  /** Whether the filter is one; only ours has them. */
  @Param("false")
  public boolean wildcard;

  private final Gate[] gates = {new Gate(), new Gate()};
  private final Listener one = new Listener.OfOne(gates, 1);
  private TopicFilter filter;
  private Peer subscribed;

  /** Subscribes the others. */
  @Setup(Level.Trial)
  public void subscribeOthers() {
    PeerKind kind = PeerKind.labelled(peer);
    subscribed = kind == PeerKind.EVENTBROKER ? EventbrokerPeer.onCallingThread() : kind.peer(1);
    filter = wildcard ? TopicFilter.of("project/*/board") : TopicFilter.exactly(Topics.numbered(0));
    Patience patience = new Patience(peer, beside);
    for (int i = 0; i < beside; i++) {
      patience.check(i);
      subscribed.subscribe(filter, new Listener.OfOne(gates, 1));
    }
  }

  /** Ends the peer. */
  @TearDown(Level.Trial)
  public void close() {
    subscribed.close();
  }

  /** See the class comment. */
  @Benchmark
  public void subscribeAndGo() {
    subscribed.subscribe(filter, one).run();
  }
}
