package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.BrokerStats;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.Event;
import dev.eventbroker.EventSource;
import dev.eventbroker.Gap;
import dev.eventbroker.Inbound;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.ManualTimer;
import dev.eventbroker.testing.RecordingSubscriber;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an observer is told, and that the counters say the same. */
class BrokerObserverTest {

  private static final Topic TOPIC = Topic.of("project/42");
  private static final Duration HEARTBEAT = Duration.ofSeconds(30);

  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final ManualTimer timer = new ManualTimer();
  private final ManualExecutor lane = new ManualExecutor();
  private final RecordingSubscriber subscriber = new RecordingSubscriber();
  private final Broker broker = brokerWith(new Recording());

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void connectionsAreToldWithTheirReasons() {
    Connection connection = broker.connections().open("ann", Optional.of("tab"));
    broker.connections().open("ann", Optional.empty());
    assertThatThrownBy(() -> broker.connections().open("ann", Optional.empty()))
        .isInstanceOf(BrokerException.Overloaded.class);
    connection.close(CloseReason.SLOW);

    assertThat(heard).containsExactly("open ann", "open ann", "refused ann", "closed ann slow");
    BrokerStats.ConnectionStats stats = broker.stats().connections();
    assertThat(stats).isEqualTo(new BrokerStats.ConnectionStats(1, 2, 1, Map.of("slow", 1L)));
  }

  @Test
  void subscriptionsAreToldFromTheirOpeningToTheReasonOfTheirEnd() {
    Subscription subscription = broker.subscribe(toTopic().build(), subscriber);
    lane.runAll();
    subscription.close();
    lane.runAll();

    assertThat(heard).containsExactly("subscribed ann", "unsubscribed ann unsubscribed");
    BrokerStats.SubscriptionStats stats = broker.stats().subscriptions();
    assertThat(stats.opened()).isEqualTo(1);
    assertThat(stats.open()).isZero();
    assertThat(stats.closed()).containsExactly(Map.entry("unsubscribed", 1L));
  }

  @Test
  void gapsAreToldAndCountedByTheirReason() {
    broker.subscribe(toTopic().lastEventId("no id").build(), subscriber);
    lane.runAll();

    assertThat(heard).containsExactly("subscribed ann", "gap ann epoch");
    assertThat(broker.stats().events().gaps())
        .containsEntry(Gap.Reason.EPOCH, 1L)
        .containsEntry(Gap.Reason.SLOW, 0L)
        .hasSize(Gap.Reason.values().length);
    assertThat(broker.stats().events().allGaps()).isEqualTo(1);
  }

  @Test
  void aSnapshotIsToldWithTheTimeThatItsSubscriberWaited() throws Exception {
    RecordingSubscriber threaded = new RecordingSubscriber();
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann"))
            .filter(TopicFilter.exactly(TOPIC))
            .snapshot(new SlowSource())
            .build(),
        threaded);
    threaded.when(seen -> seen.record().contains("start")).get(30, TimeUnit.SECONDS);

    assertThat(heard).containsExactly("subscribed ann", "snapshot ann PT0.3S");
    assertThat(broker.stats().snapshots())
        .isEqualTo(new BrokerStats.SnapshotStats(1, 0, Duration.ofMillis(300)));
  }

  @Test
  void aBatchIsToldOncePerLaneWithTheTimeSinceItsOldestEvent() {
    broker.subscribe(toTopic().build(), subscriber);
    lane.runAll();
    heard.clear();

    broker.publish(Event.of(TOPIC, "t", "a"));
    timer.advance(Duration.ofMillis(20));
    broker.publish(Event.of(TOPIC, "t", "b"));
    timer.advance(Duration.ofMillis(5));
    lane.runAll();
    broker.publish(Event.of(Topic.of("nobody/asks"), "t", "c"));
    lane.runAll();

    assertThat(heard).containsExactly("flushed 2 PT0.025S");
    assertThat(broker.stats().events().flushes())
        .isEqualTo(new BrokerStats.FlushStats(1, Duration.ofMillis(25), Duration.ofMillis(25)));
  }

  @Test
  void theLongestTimeToFlushIsForgottenAfterTwoHeartbeats() {
    broker.subscribe(toTopic().build(), subscriber);
    lane.runAll();
    broker.publish(Event.of(TOPIC, "t", "a"));
    timer.advance(Duration.ofMillis(20));
    lane.runAll();

    timer.advance(HEARTBEAT.plusSeconds(4));
    assertThat(broker.stats().events().flushes().max()).isEqualTo(Duration.ofMillis(20));
    timer.advance(HEARTBEAT.plusSeconds(4));

    assertThat(broker.stats().events().flushes().max()).isZero();
    assertThat(broker.stats().events().flushes().total()).isEqualTo(Duration.ofMillis(20));
  }

  @Test
  void detachedTasksThatACloseLeavesUndoneAreTold() throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    var unused =
        broker
            .detached()
            .submit(
                TOPIC,
                context -> {
                  started.countDown();
                  new CountDownLatch(1).await();
                  return "never";
                });
    assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();

    broker.close(Duration.ZERO);

    assertThat(heard).contains("abandoned 1");
    assertThat(broker.stats().detached().abandoned()).isEqualTo(1);
  }

  @Test
  void aSourceIsToldWhenItsStateChangesAndOnlyThen() {
    Source source = new Source();

    broker.attach(source);
    timer.advance(HEARTBEAT.plusSeconds(4));
    source.state = SourceStatus.State.CONNECTING;
    timer.advance(HEARTBEAT.plusSeconds(4));
    source.state = SourceStatus.State.UP;
    source.inbound.statusChanged();
    timer.advance(Duration.ZERO);
    broker.close();

    assertThat(heard)
        .containsExactly(
            "source feed UP", "source feed CONNECTING", "source feed UP", "source feed CLOSED");
  }

  @Test
  void aSourcesOwnNumbersStandBesideItsStateAndOneThatThrowsHidesNoOther() {
    Source broken = new Source();
    broken.broken = true;
    broker.attach(broken);
    broker.attach(new Source());

    List<BrokerStats.SourceStats> stats = broker.stats().sources();

    assertThat(stats.get(0).status().state()).isEqualTo(SourceStatus.State.CONNECTING);
    assertThat(stats.get(0).status().detail()).contains("on purpose");
    assertThat(stats.get(0).gauges()).isEmpty();
    assertThat(stats.get(1).status().state()).isEqualTo(SourceStatus.State.UP);
    assertThat(stats.get(1).gauges())
        .isEqualTo(Map.of("canary.age.seconds", 0.5, "reconnects", 3L));
  }

  @Test
  void anObserverThatThrowsHarmsNobody() throws Exception {
    BrokerObserver throwing =
        (BrokerObserver)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BrokerObserver.class},
                (proxy, method, arguments) -> {
                  heard.add(method.getName());
                  throw new NoClassDefFoundError("on purpose");
                });
    try (Broker observed = brokerWith(throwing)) {
      Connection connection = observed.connections().open("ann", Optional.empty());
      observed.attach(new Source());
      Subscription subscription =
          observed.subscribe(toTopic().lastEventId("no id").build(), subscriber);
      observed.publish(Event.of(TOPIC, "t", "a"));
      lane.runAll();
      connection.close(CloseReason.DISCONNECTED);
      subscription.close();
      lane.runAll();

      assertThat(subscriber.recordWithoutBatches())
          .isEqualTo("gap(epoch) start a close(unsubscribed)");
      assertThat(observed.connections().count()).isZero();
      assertThat(heard)
          .contains(
              "connectionOpened",
              "sourceChanged",
              "subscriptionOpened",
              "gap",
              "connectionClosed",
              "subscriptionClosed");
    }
  }

  /** A call that is forgotten in between is one that nobody ever hears. */
  @Test
  void everyCallIsPassedOn() throws Exception {
    for (Class<?> between : List.of(GuardedObserver.class, CountingObserver.class)) {
      for (Method call : BrokerObserver.class.getMethods()) {
        Method passed = between.getMethod(call.getName(), call.getParameterTypes());
        assertThat(passed.getDeclaringClass()).as(call.getName()).isEqualTo(between);
      }
    }
    GuardedObserver guarded = new GuardedObserver(new Recording(), () -> 0);
    Connection connection = broker.connections().open("ann", Optional.empty());
    for (Method call : BrokerObserver.class.getMethods()) {
      heard.clear();
      call.invoke(
          guarded,
          Arrays.stream(call.getParameterTypes()).map(type -> any(type, connection)).toArray());
      assertThat(heard).as(call.getName()).hasSize(1);
    }
  }

  private Object any(Class<?> type, Connection connection) {
    if (type == int.class) {
      return 1;
    }
    if (type == long.class) {
      return 1L;
    }
    if (type == Optional.class) {
      return Optional.of("ann");
    }
    return Map.of(
            String.class,
            "ann",
            Duration.class,
            Duration.ZERO,
            Message.class,
            new Interruption(TopicFilter.ALL),
            Topic.class,
            TOPIC,
            Throwable.class,
            new IllegalStateException("on purpose"),
            CloseReason.class,
            CloseReason.SLOW,
            Connection.class,
            connection,
            SourceStatus.class,
            new SourceStatus("feed", SourceStatus.State.UP, ""),
            Gap.class,
            new Gap(Gap.Reason.SLOW, Optional.empty(), broker.cursor(), TopicFilter.ALL))
        .get(type);
  }

  private Broker brokerWith(BrokerObserver observer) {
    return new BrokerBuilder()
        .timer(timer)
        .clock(timer)
        .nanoClock(timer::nanos)
        .heartbeat(HEARTBEAT)
        .connectionsPerPrincipal(2)
        .observer(observer)
        .build();
  }

  private SubscribeRequest.Builder<String> toTopic() {
    return SubscribeRequest.by(Authorized.principal("ann"))
        .filter(TopicFilter.exactly(TOPIC))
        .lane(lane);
  }

  private final class Recording implements BrokerObserver {

    @Override
    public void deferredFailed(Message message, Throwable cause) {
      heard.add("deferred " + message);
    }

    @Override
    public void laneBlocked(String lane, Optional<String> principal, Duration lasted) {
      heard.add("blocked " + lane);
    }

    @Override
    public void connectionOpened(Connection connection) {
      heard.add("open " + connection.principal());
    }

    @Override
    public void connectionRefused(String principal) {
      heard.add("refused " + principal);
    }

    @Override
    public void connectionClosed(Connection connection, CloseReason reason) {
      heard.add("closed " + connection.principal() + " " + reason.code());
    }

    @Override
    public void subscriptionOpened(String principal) {
      heard.add("subscribed " + principal);
    }

    @Override
    public void subscriptionClosed(String principal, CloseReason reason) {
      heard.add("unsubscribed " + principal + " " + reason.code());
    }

    @Override
    public void snapshotLoaded(String principal, Duration took) {
      heard.add("snapshot " + principal + " " + took);
    }

    @Override
    public void snapshotFallback(String principal, Throwable cause) {
      heard.add("fallback " + principal);
    }

    @Override
    public void gap(String principal, Gap gap) {
      heard.add("gap " + principal + " " + gap.reason().wireName());
    }

    @Override
    public void batchFlushed(int events, Duration sincePublish) {
      heard.add("flushed " + events + " " + sincePublish);
    }

    @Override
    public void detachedFailed(Topic topic, Throwable cause) {
      heard.add("failed " + topic);
    }

    @Override
    public void detachedAbandoned(long tasks) {
      heard.add("abandoned " + tasks);
    }

    @Override
    public void sourceChanged(SourceStatus status) {
      heard.add("source " + status.name() + " " + status.state());
    }
  }

  private final class SlowSource implements SnapshotSource<String> {

    @Override
    public Snapshot load(String authorized, Duration timeout) {
      timer.advance(Duration.ofMillis(300));
      return Snapshot.of("state", "loaded");
    }

    @Override
    public Snapshot fallback(String authorized) {
      return Snapshot.of("state", authorized);
    }
  }

  private static final class Source implements EventSource {

    private volatile SourceStatus.State state = SourceStatus.State.UP;
    private volatile boolean broken;
    private Inbound inbound;

    @Override
    public void start(Inbound feed) {
      inbound = feed;
    }

    @Override
    public SourceStatus status() {
      if (broken) {
        throw new NoClassDefFoundError("on purpose");
      }
      return new SourceStatus("feed", state, "");
    }

    @Override
    public Map<String, Number> gauges() {
      if (broken) {
        throw new IllegalStateException("on purpose");
      }
      return Map.of("reconnects", 3L, "canary.age.seconds", 0.5);
    }

    @Override
    public void close() {
      state = SourceStatus.State.CLOSED;
    }
  }
}
