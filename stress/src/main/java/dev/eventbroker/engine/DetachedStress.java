package dev.eventbroker.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.eventbroker.Broker;
import dev.eventbroker.DetachedPublisher;
import dev.eventbroker.Topic;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Tasks of one topic: in the order in which a thread handed them in, and never two at a time. */
final class DetachedStress {

  /** One for all states: its threads are what is slow to make. */
  private static final Broker BROKER =
      new BrokerBuilder().detachedThreads(4).detachedPending(Integer.MAX_VALUE).build();

  private static final AtomicLong TOPICS = new AtomicLong();

  private DetachedStress() {}

  /** One thread hands in two tasks, and another one a third, all on one topic. */
  @JCStressTest
  @Outcome(id = "3, 1, 1", expect = ACCEPTABLE, desc = "all ran, in order, one at a time")
  @Outcome(expect = FORBIDDEN, desc = "one got lost, or they changed places, or met")
  @State
  public static class OneTopic {

    private final DetachedPublisher detached = BROKER.detached();
    private final Topic topic = Topic.of("t/" + TOPICS.incrementAndGet());
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger ran = new AtomicInteger();
    private volatile int first;
    private volatile int second;
    private @Nullable CompletionStage<Integer> one;
    private @Nullable CompletionStage<Integer> two;
    private @Nullable CompletionStage<Integer> three;

    private int run() {
      most.accumulateAndGet(inside.incrementAndGet(), Math::max);
      int turn = ran.incrementAndGet();
      inside.decrementAndGet();
      return turn;
    }

    @Actor
    public void requests() {
      one = detached.submit(topic, context -> first = run());
      two = detached.submit(topic, context -> second = run());
    }

    @Actor
    public void another() {
      three = detached.submit(topic, context -> run());
    }

    @Arbiter
    public void afterwards(III_Result result) {
      await(one);
      await(two);
      await(three);
      result.r1 = ran.get();
      result.r2 = most.get();
      result.r3 = first < second ? 1 : 0;
    }

    private static void await(@Nullable CompletionStage<Integer> stage) {
      if (stage != null) {
        var unused = CompletableFuture.completedFuture(0).thenCompose(zero -> stage).join();
      }
    }
  }
}
