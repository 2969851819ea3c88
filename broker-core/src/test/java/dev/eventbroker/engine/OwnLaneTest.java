package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.RecordingSubscriber;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A subscriber that blocks has a place where it holds up nobody. */
class OwnLaneTest {

  private static final Topic TOPIC = Topic.of("project/42");
  private static final int EVENTS = 20_000;

  private final ExecutorService pool = Executors.newFixedThreadPool(4);
  private final Broker broker = new BrokerBuilder().logEvents(1 << 16).build();

  @AfterEach
  void close() {
    broker.close();
    pool.shutdownNow();
  }

  @Test
  void whoBlocksHoldsUpNobodyElseOnTheSamePool() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    RecordingSubscriber blocking =
        new RecordingSubscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            await(release);
            super.onEvent(delivery);
          }
        };
    RecordingSubscriber other = new RecordingSubscriber();
    subscribe(blocking);
    subscribe(other);

    publish("a");
    publish("b");

    other.when(seen -> seen.data().size() == 2).get(60, TimeUnit.SECONDS);
    assertThat(blocking.data()).isEmpty();
    release.countDown();
    blocking.when(seen -> seen.data().size() == 2).get(60, TimeUnit.SECONDS);
    assertThat(blocking.data()).containsExactly("a", "b");
  }

  @Test
  void callsAreNeverConcurrentAndSeeEachOthersWrites() throws Exception {
    Counting subscriber = new Counting();
    subscribe(subscriber);

    for (int i = 0; i < EVENTS; i++) {
      publish(Integer.toString(i));
    }

    assertThat(subscriber.all.get(60, TimeUnit.SECONDS)).isEqualTo(EVENTS);
    assertThat(subscriber.broken.get()).isFalse();
    assertThat(subscriber.threads).hasSizeGreaterThan(1);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void subscribe(Subscriber subscriber) {
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann"))
            .filter(TopicFilter.exactly(TOPIC))
            .ownLane(pool)
            .build(),
        subscriber);
  }

  private void publish(String data) {
    broker.publish(Event.of(TOPIC, "t", data));
  }

  /** Its fields are plain: they are right only if each call sees the one before. */
  private static final class Counting implements Subscriber {

    private final CompletableFuture<Integer> all = new CompletableFuture<>();
    private final AtomicBoolean inside = new AtomicBoolean();
    private final AtomicBoolean broken = new AtomicBoolean();
    private final Set<Thread> threads = new HashSet<>();
    private int next;

    @Override
    public void onEvent(Delivery delivery) {
      if (!inside.compareAndSet(false, true)) {
        broken.set(true);
      }
      threads.add(Thread.currentThread());
      if (Integer.parseInt(delivery.event().data()) == next) {
        next++;
      }
      inside.set(false);
    }

    @Override
    public void onGap(Gap gap) {
      broken.set(true);
    }

    @Override
    public void onBatchEnd() {
      if (next == EVENTS) {
        all.complete(next);
      }
    }
  }
}
