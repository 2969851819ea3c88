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
import dev.eventbroker.Revocation;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Publishing, revoking and subscribing race on real threads. Of every subscriber's record it is
 * checked that nothing of a revoked topic is in it after the place of the revocation, and that what
 * is missing was told as a gap. The messages' ids give the true order.
 */
class RightsHistoryTest {

  /** A lost wake-up is a failure and not a build that hangs. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final int SEEDS = 40;
  private static final int TOPICS = 4;
  private static final int MESSAGES = 300;
  private static final int SUBSCRIBERS = 10;

  @ParameterizedTest
  @ValueSource(ints = {16, 128, 4096})
  void nothingIsSeenAfterItsRevocationAndWhatIsMissingIsTold(int logEvents) throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      runHistory(logEvents, seed);
    }
  }

  private static void runHistory(int logEvents, int seed) throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    ExecutorService lanes = Executors.newSingleThreadExecutor();
    ConcurrentMap<Long, String> events = new ConcurrentHashMap<>();
    ConcurrentMap<Long, String> revocations = new ConcurrentHashMap<>();
    List<Recorder> recorders = new ArrayList<>();
    try (Broker broker = new BrokerBuilder().logEvents(logEvents).lanes(1).build()) {
      List<CompletableFuture<Void>> work = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        SplittableRandom random = new SplittableRandom(seed * 31L + i);
        work.add(
            CompletableFuture.runAsync(
                () -> publish(broker, random, events, revocations), threads));
      }
      SplittableRandom random = new SplittableRandom(seed);
      for (int i = 0; i < SUBSCRIBERS; i++) {
        recorders.add(subscribe(broker, random, lanes));
      }
      for (CompletableFuture<Void> each : work) {
        each.get(60, TimeUnit.SECONDS);
      }
      for (Recorder recorder : recorders) {
        recorder.settle(broker.cursor());
      }
    } finally {
      threads.shutdownNow();
      lanes.shutdown();
      assertThat(lanes.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
    for (Recorder recorder : recorders) {
      recorder.check("seed " + seed + ", log " + logEvents, events, revocations);
    }
  }

  private static void publish(
      Broker broker,
      SplittableRandom random,
      ConcurrentMap<Long, String> events,
      ConcurrentMap<Long, String> revocations) {
    for (int i = 0; i < MESSAGES; i++) {
      String topic = "t/" + random.nextInt(TOPICS);
      if (random.nextInt(60) == 0) {
        EventId id =
            broker
                .publish(new Revocation("ann", TopicFilter.of(topic)))
                .toCompletableFuture()
                .join();
        revocations.put(id.position(), topic);
      } else {
        EventId id =
            broker.publish(Event.of(Topic.of(topic), "t", topic)).toCompletableFuture().join();
        events.put(id.position(), topic);
      }
    }
  }

  private static Recorder subscribe(Broker broker, SplittableRandom random, ExecutorService lane) {
    EventId asOf = broker.cursor();
    long later = asOf.position() + random.nextInt(30);
    for (int spin = 0; spin < 2_000 && broker.cursor().position() < later; spin++) {
      Thread.onSpinWait(); // something may come between the decision and the arming
    }
    boolean widened = random.nextInt(3) == 0;
    LagPolicy policy = random.nextInt(3) == 0 ? LagPolicy.RESYNC.maxEvents(40) : LagPolicy.RESYNC;
    Recorder recorder = new Recorder(asOf.position(), random.split());
    SubscribeRequest.Builder<String> request =
        SubscribeRequest.by(Authorized.principal("ann").asOf(asOf)).lagPolicy(policy);
    for (int topic = 0; topic < TOPICS; topic++) {
      if (!widened || topic < TOPICS / 2) {
        request.filter(TopicFilter.of("t/" + topic));
      }
    }
    if (random.nextBoolean()) {
      request.lane(lane);
    }
    recorder.firstTopics = widened ? TOPICS / 2 : TOPICS;
    recorder.self = broker.subscribe(request.build(), recorder);
    if (widened) {
      List<TopicFilter> more = new ArrayList<>();
      for (int topic = TOPICS / 2; topic < TOPICS; topic++) {
        more.add(TopicFilter.of("t/" + topic));
      }
      recorder.widened =
          recorder
              .self
              .widen(Authorized.principal("ann").asOf(broker.cursor()), more)
              .toCompletableFuture();
    }
    return recorder;
  }

  private static final class Recorder implements Subscriber {

    private final long asOf;
    private final SplittableRandom random;
    private final ConcurrentMap<Long, String> seen = new ConcurrentHashMap<>();
    private final List<Gap> gaps = new ArrayList<>();
    private final CompletableFuture<CloseReason> closed = new CompletableFuture<>();
    private final List<String> disorder = new ArrayList<>();
    private volatile int notReady;
    private volatile boolean always;
    private int firstTopics;
    private Subscription self;
    private CompletableFuture<EventId> widened = new CompletableFuture<>();
    private volatile long started = -1;
    private long last;

    Recorder(long asOf, SplittableRandom random) {
      this.asOf = asOf;
      this.random = random;
    }

    @Override
    public boolean ready() {
      if (always || (notReady == 0 && random.nextInt(40) > 0)) {
        return true;
      }
      notReady = notReady == 0 ? random.nextInt(1, 4) : notReady - 1;
      Subscription mine = self;
      if (mine != null) {
        mine.wake();
      }
      return mine == null;
    }

    @Override
    public void onStart(EventId cursor) {
      started = cursor.position();
      last = started;
    }

    @Override
    public void onEvent(Delivery delivery) {
      long position = delivery.cursor().position();
      if (position <= last) {
        disorder.add(position + " after " + last);
      }
      last = position;
      seen.put(position, delivery.event().data());
    }

    @Override
    public synchronized void onGap(Gap gap) {
      gaps.add(gap);
    }

    @Override
    public void onClose(CloseReason reason) {
      closed.complete(reason);
    }

    void settle(EventId end) {
      always = true;
      long deadline = System.nanoTime() + PATIENCE_NANOS;
      while (!closed.isDone()
          && (self.state() != Subscription.State.LIVE || !self.cursor().equals(end))) {
        assertThat(System.nanoTime() - deadline)
            .as("%s stands at %s", self, self.cursor())
            .isNegative();
        self.wake();
        Thread.onSpinWait();
      }
    }

    synchronized void check(
        String history, ConcurrentMap<Long, String> events, ConcurrentMap<Long, String> revoked) {
      assertThat(disorder).as(history).isEmpty();
      long whole = self.cursor().position();
      long armedMore =
          widened.isDone() && !widened.isCompletedExceptionally()
              ? widened.join().position()
              : Long.MAX_VALUE;
      events.forEach(
          (position, topic) -> {
            boolean first = Integer.parseInt(topic.substring(2)) < firstTopics;
            boolean gone =
                revoked.entrySet().stream()
                    .anyMatch(
                        r ->
                            r.getValue().equals(topic)
                                && r.getKey() > (first ? asOf : armedMore)
                                && r.getKey() < position);
            String what = history + ", position " + position + " on " + topic;
            if (gone) {
              assertThat(seen).as(what + " was revoked").doesNotContainKey(position);
            } else if (started >= 0
                && position > (first ? started : armedMore)
                && position <= whole
                && !seen.containsKey(position)
                && !endedBeforeItWasTold(topic, whole, revoked)) {
              assertThat(gaps)
                  .as(what + " is missing")
                  .anyMatch(gap -> covers(gap, position, topic));
            }
          });
    }

    /** It was hidden by a revocation further on, whose place the run did not come to. */
    private boolean endedBeforeItWasTold(
        String topic, long whole, ConcurrentMap<Long, String> revoked) {
      return closed.isDone()
          && revoked.entrySet().stream()
              .anyMatch(r -> r.getValue().equals(topic) && r.getKey() > whole);
    }

    private static boolean covers(Gap gap, long position, String topic) {
      return gap.scope().matches(Topic.of(topic))
          && gap.from().map(EventId::position).orElse(0L) < position
          && position <= gap.to().position();
    }
  }
}
