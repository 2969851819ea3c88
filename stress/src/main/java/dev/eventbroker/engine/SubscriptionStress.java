package dev.eventbroker.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Revocation;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Subscribing, publishing, revoking and closing at one moment, on a lane that the test runs. */
final class SubscriptionStress {

  private static final Topic TOPIC = Topic.of("a/b");

  private static final ScheduledThreadPoolExecutor TIMER = deaf();

  private SubscriptionStress() {}

  /**
   * Takes everything and runs nothing. A timer that kept the ticks of each broker would keep the
   * brokers of all states too, and its thread the forked JVM, which then never ends.
   */
  private static ScheduledThreadPoolExecutor deaf() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(0, new ThreadPoolExecutor.DiscardPolicy());
    timer.shutdown();
    return timer;
  }

  /** A broker with one lane, whose tasks wait until somebody runs them. */
  abstract static class OneLane implements Subscriber {

    final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    final Executor executor = tasks::add;
    final Broker broker = BrokerForStress.create(TIMER);
    final SubscribeRequest request =
        SubscribeRequest.by(Authorized.principal("p"))
            .filter(TopicFilter.exactly(TOPIC))
            .lane(executor)
            .build();
    @Nullable Subscription subscription;
    int events;
    int gaps;
    int closes;
    int afterClose;

    final void publish() {
      var unused = broker.publish(Event.of(TOPIC, "e", ""));
    }

    final void runLane() {
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
    }

    @Override
    public void onEvent(Delivery delivery) {
      events++;
      afterClose += closes;
    }

    @Override
    public void onGap(Gap gap) {
      gaps++;
      afterClose += closes;
    }

    @Override
    public void onClose(CloseReason reason) {
      closes++;
    }
  }

  /** What is published after subscribe() returned is delivered; what was before it may not be. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "armed between the two, or after both")
  @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "armed before both")
  @Outcome(expect = FORBIDDEN, desc = "what came after arming is lost, or is delivered twice")
  @State
  public static class Subscribe extends OneLane {

    @Actor
    public void subscriber() {
      subscription = broker.subscribe(request, this);
      publish();
    }

    @Actor
    public void publisher() {
      publish();
    }

    @Arbiter
    public void afterwards(II_Result result) {
      runLane();
      result.r1 = events;
      result.r2 = gaps;
    }
  }

  /** Closed, twice, while an event is published and the lane runs: one end, and then nothing. */
  @JCStressTest
  @Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "closed before the event")
  @Outcome(id = "1, 1, 0", expect = ACCEPTABLE, desc = "closed after the event")
  @Outcome(expect = FORBIDDEN, desc = "not one end, or something after it")
  @State
  public static class Close extends OneLane {

    private final Subscription mine;

    public Close() {
      mine = broker.subscribe(request, this);
      runLane();
    }

    @Actor
    public void lane() {
      publish();
      runLane();
    }

    @Actor
    public void owner() {
      mine.close();
      mine.close(CloseReason.SHUTDOWN);
    }

    @Arbiter
    public void afterwards(III_Result result) {
      runLane();
      result.r1 = events;
      result.r2 = closes;
      result.r3 = afterClose;
    }
  }

  /** A subscriber that becomes ready just as the lane finds it not ready: the wake is not lost. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "delivered")
  @Outcome(expect = FORBIDDEN, desc = "a lost wake-up")
  @State
  public static class Wake extends OneLane {

    private final Subscription mine;
    private volatile boolean ready;

    public Wake() {
      mine = broker.subscribe(request, this);
      runLane();
    }

    @Override
    public boolean ready() {
      return ready;
    }

    @Actor
    public void lane() {
      publish();
      runLane();
    }

    @Actor
    public void socket() {
      ready = true;
      mine.wake();
    }

    @Arbiter
    public void afterwards(II_Result result) {
      runLane();
      result.r1 = events;
      result.r2 = gaps;
    }
  }

  /** A revocation races an event: what has a place after it is not delivered. */
  @JCStressTest
  @Outcome(id = "0, 1, 1", expect = ACCEPTABLE, desc = "revoked before the event was delivered")
  @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "the event came first")
  @Outcome(expect = FORBIDDEN, desc = "delivered after its right was gone, or never ended")
  @State
  public static class Revoke extends OneLane {

    private volatile long revokedAt;
    private volatile long deliveredAt;

    public Revoke() {
      subscription = broker.subscribe(request, this);
      runLane();
    }

    @Override
    public void onEvent(Delivery delivery) {
      super.onEvent(delivery);
      deliveredAt = delivery.cursor().position();
    }

    @Actor
    public void lane() {
      publish();
      runLane();
    }

    @Actor
    public void admin() {
      revokedAt =
          broker
              .publish(new Revocation("p", TopicFilter.ALL))
              .toCompletableFuture()
              .join()
              .position();
    }

    @Arbiter
    public void afterwards(III_Result result) {
      runLane();
      result.r1 = events;
      result.r2 = closes;
      result.r3 = deliveredAt < revokedAt ? 1 : 0;
    }
  }
}
