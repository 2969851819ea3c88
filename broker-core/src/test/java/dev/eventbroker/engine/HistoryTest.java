package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The promise, on real threads: whatever publishers, slow subscribers, closers and resumers do,
 * each subscriber's record is a contiguous run of the events that it may see, or says where it was
 * broken. A record is checked against the order that ids give: every event's data is its topic, and
 * filters are topics, so what is missing can be told.
 */
class HistoryTest {

  private static final int TOPICS = 3;
  private static final int PUBLISHERS = 2;
  private static final int EVENTS = 400;
  private static final int SUBSCRIBERS = 12;

  /** A lost wake-up is a failure and not a build that hangs. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  @ParameterizedTest
  @ValueSource(ints = {16, 64, 4096})
  void everyRecordIsContiguousOrSaysWhereItWasBroken(int logEvents) throws Exception {
    for (int seed = 0; seed < 40; seed++) {
      runHistory(logEvents, seed);
    }
  }

  private static void runHistory(int logEvents, int seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    ExecutorService threads = Executors.newCachedThreadPool();
    ExecutorService foreignLane = Executors.newSingleThreadExecutor();
    Broker broker = new BrokerBuilder().logEvents(logEvents).lanes(2).build();
    List<Event> published = new ArrayList<>();
    try {
      List<CompletableFuture<?>> work = new ArrayList<>();
      List<Recorder> recorders = new ArrayList<>();
      for (int i = 0; i < SUBSCRIBERS; i++) {
        Recorder recorder =
            new Recorder(
                "seed " + seed + ", log " + logEvents + ", subscriber " + i,
                i % 3 == 0 ? TopicFilter.ALL : TopicFilter.exactly(topic(i % TOPICS)),
                i % 2 == 0);
        recorders.add(recorder);
        SplittableRandom own = random.split();
        boolean foreign = i % 4 == 0;
        work.add(
            CompletableFuture.runAsync(
                () -> live(broker, recorder, own, foreign ? foreignLane : null), threads));
      }
      for (int i = 0; i < PUBLISHERS; i++) {
        SplittableRandom own = random.split();
        work.add(CompletableFuture.runAsync(() -> publish(broker, own, published), threads));
      }
      for (CompletableFuture<?> one : work) {
        one.get(60, TimeUnit.SECONDS);
      }
      EventId end = broker.cursor();
      for (Recorder recorder : recorders) {
        recorder.awaitEnd(end);
        recorder.check(published, end);
      }
      assertThat(end.position()).isEqualTo((long) PUBLISHERS * EVENTS);
    } finally {
      broker.close();
      threads.shutdownNow();
      foreignLane.shutdownNow();
    }
  }

  private static Topic topic(int number) {
    return Topic.of("t/" + number);
  }

  private static void publish(Broker broker, SplittableRandom random, List<Event> published) {
    for (int i = 0; i < EVENTS; i++) {
      Event event = Event.of(topic(random.nextInt(TOPICS)), "e", "");
      // The check needs to know which position was whose; the lock gives publishers one order, as
      // ids do.
      synchronized (published) {
        EventId id = broker.publish(event).toCompletableFuture().join();
        assertThat(id.position()).isEqualTo(published.size() + 1);
        published.add(event);
      }
      if (random.nextInt(8) == 0) {
        Thread.onSpinWait();
      }
    }
  }

  /** Subscribes, lets go, and comes back with the last id, several times. */
  private static void live(
      Broker broker, Recorder recorder, SplittableRandom random, ExecutorService foreignLane) {
    for (int life = 0; life < 4; life++) {
      SubscribeRequest.Builder<String> request =
          SubscribeRequest.by(Authorized.principal("p"))
              .filter(recorder.filter)
              .lagPolicy(random.nextInt(4) == 0 ? LagPolicy.DISCONNECT : LagPolicy.RESYNC);
      if (foreignLane != null) {
        request.lane(foreignLane);
      }
      if (recorder.withSnapshot) {
        request.snapshot(new Instantly());
      }
      recorder.resumed(request);
      Subscription subscription = broker.subscribe(request.build(), recorder);
      recorder.attach(subscription);
      boolean last = life == 3;
      for (int i = 0; i < 200; i++) {
        recorder.ready = random.nextInt(3) != 0;
        subscription.wake();
        Thread.onSpinWait();
      }
      recorder.ready = true;
      subscription.wake();
      if (!last) {
        subscription.close();
        recorder.closed.join();
      }
    }
  }

  private static final class Instantly implements SnapshotSource<String> {
    @Override
    public Snapshot load(String authorized, Duration timeout) {
      return Snapshot.of("state", "");
    }

    @Override
    public Snapshot fallback(String authorized) {
      return Snapshot.of("state", "");
    }
  }

  /**
   * What one subscriber was told over all its lives; written on its lane, read when that has come
   * to rest.
   */
  private static final class Recorder implements Subscriber {

    private final String name;
    private final TopicFilter filter;
    private final boolean withSnapshot;
    private final List<Told> history = new ArrayList<>();
    private final AtomicInteger inside = new AtomicInteger();
    private volatile boolean ready = true;
    private volatile CompletableFuture<CloseReason> closed = new CompletableFuture<>();
    private volatile Subscription subscription;
    private boolean startPending;

    Recorder(String name, TopicFilter filter, boolean withSnapshot) {
      this.name = name;
      this.filter = filter;
      this.withSnapshot = withSnapshot;
    }

    /** A new life: goes on after the last thing that was told. */
    synchronized void resumed(SubscribeRequest.Builder<String> request) {
      closed = new CompletableFuture<>();
      startPending = true;
      if (!history.isEmpty()) {
        request.lastEventId(history.get(history.size() - 1).upTo().toString());
      }
    }

    void attach(Subscription newSubscription) {
      subscription = newSubscription;
    }

    @Override
    public boolean ready() {
      return ready;
    }

    @Override
    public void onStart(EventId cursor) {
      synchronized (this) {
        if (startPending && history.isEmpty()) {
          history.add(new Told(Kind.START, cursor));
        }
        startPending = false;
      }
    }

    @Override
    public void onSnapshot(Snapshot snapshot, EventId cursor) {
      synchronized (this) {
        history.add(new Told(Kind.START, cursor));
      }
    }

    @Override
    public void onEvent(Delivery delivery) {
      assertThat(inside.incrementAndGet()).as("calls at one time").isEqualTo(1);
      synchronized (this) {
        history.add(new Told(Kind.EVENT, delivery.id().orElseThrow()));
      }
      inside.decrementAndGet();
    }

    @Override
    public void onGap(Gap gap) {
      synchronized (this) {
        history.add(new Told(Kind.GAP, gap.to()));
      }
    }

    @Override
    public void onClose(CloseReason reason) {
      closed.complete(reason);
    }

    /** Until everything up to the end was told, or is not for this one, or it was closed. */
    void awaitEnd(EventId end) {
      long deadline = System.nanoTime() + PATIENCE_NANOS;
      while (!closed.isDone()
          && !(subscription.state() == Subscription.State.LIVE
              && subscription.cursor().equals(end))) {
        assertThat(System.nanoTime() - deadline).as("%s: stands at %s", name, history).isNegative();
        subscription.wake();
        Thread.onSpinWait();
      }
    }

    synchronized void check(List<Event> published, EventId end) {
      long at = -1;
      for (Told told : history) {
        long position = told.upTo().position();
        if (told.kind() == Kind.EVENT) {
          assertThat(position).as("%s: order in %s", name, history).isGreaterThan(at);
          assertThat(filter.matches(published.get((int) position - 1).topic()))
              .as("%s: not asked for", name)
              .isTrue();
          assertNothingSkipped(published, at, position - 1);
        } else {
          assertThat(position).as("%s: goes back in %s", name, history).isGreaterThanOrEqualTo(at);
          if (told.kind() == Kind.START && at >= 0) {
            assertNothingSkipped(published, at, position);
          }
        }
        at = position;
      }
      if (!closed.isDone() && !history.isEmpty()) {
        assertNothingSkipped(published, at, end.position());
      }
    }

    private void assertNothingSkipped(List<Event> published, long after, long upTo) {
      for (long position = after + 1; position <= upTo; position++) {
        assertThat(filter.matches(published.get((int) position - 1).topic()))
            .as("%s: skipped %d in %s", name, position, history)
            .isFalse();
      }
    }
  }

  private enum Kind {
    START,
    EVENT,
    GAP
  }

  private record Told(Kind kind, EventId upTo) {}
}
