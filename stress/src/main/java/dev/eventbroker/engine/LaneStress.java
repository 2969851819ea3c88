package dev.eventbroker.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.EventId;
import java.time.Clock;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Waking a lane: never lost, and never twice at a time. */
final class LaneStress {

  private LaneStress() {}

  /** An executor that counts, and whose one task is run by the test. */
  private static final class Counting implements Executor {

    final AtomicInteger waiting = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();

    @Override
    public void execute(Runnable task) {
      int now = waiting.incrementAndGet();
      most.accumulateAndGet(now, Math::max);
    }
  }

  /**
   * A publisher appends and signals just as a run of the lane ends. Either that run still reads the
   * entry, or another run is on its way.
   */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "read, or a run is on its way; one at most")
  @Outcome(expect = FORBIDDEN, desc = "a lost wake-up, or two runs at a time")
  @State
  public static class EndOfRun {

    private final Counting executor = new Counting();
    private final Log log = LogStress.log(0);
    private final Lane lane = new Lane(executor, false, log, counters(), dead -> {});

    public EndOfRun() {
      lane.signal();
    }

    @Actor
    public void lane() {
      executor.waiting.decrementAndGet();
      lane.run();
    }

    @Actor
    public void publisher() {
      LogStress.append(log);
      lane.signal();
    }

    @Arbiter
    public void afterwards(II_Result result) {
      boolean read = lane.cursor() == log.tail();
      result.r1 = read || executor.waiting.get() == 1 ? 1 : 0;
      result.r2 = executor.most.get();
    }
  }

  /** A command that is handed in just as a run ends. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "done, or a run is on its way; one at most")
  @Outcome(expect = FORBIDDEN, desc = "a lost command, or two runs at a time")
  @State
  public static class Command {

    private final Counting executor = new Counting();
    private final Lane lane =
        new Lane(
            executor,
            true,
            new Log(16, Long.MAX_VALUE, new EventId("e", 0)),
            counters(),
            dead -> {});
    private final AtomicInteger done = new AtomicInteger();

    public Command() {
      lane.signal();
    }

    @Actor
    public void lane() {
      executor.waiting.decrementAndGet();
      lane.run();
    }

    @Actor
    public void other() {
      lane.submit(done::incrementAndGet);
    }

    @Arbiter
    public void afterwards(II_Result result) {
      result.r1 = done.get() == 1 || executor.waiting.get() == 1 ? 1 : 0;
      result.r2 = executor.most.get();
    }
  }

  /** Two publishers signal an idle lane. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "one run")
  @Outcome(expect = FORBIDDEN, desc = "none, or two")
  @State
  public static class TwoSignals {

    private final Counting executor = new Counting();
    private final Log log = LogStress.log(0);
    private final Lane lane = new Lane(executor, false, log, counters(), dead -> {});

    @Actor
    public void one() {
      LogStress.append(log);
      lane.signal();
    }

    @Actor
    public void other() {
      LogStress.append(log);
      lane.signal();
    }

    @Arbiter
    public void afterwards(II_Result result) {
      result.r1 = executor.waiting.get();
      result.r2 = executor.most.get();
    }
  }

  private static Counters counters() {
    return new Counters(new FlushTimes(Clock.systemUTC(), new BrokerObserver() {}));
  }
}
