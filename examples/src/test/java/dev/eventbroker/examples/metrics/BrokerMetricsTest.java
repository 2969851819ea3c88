package dev.eventbroker.examples.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.EventSource;
import dev.eventbroker.Inbound;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BrokerMetricsTest {

  private static final Topic TOPIC = Topic.of("project/42");

  private final MockClock clock = new MockClock();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
  private final ManualExecutor lane = new ManualExecutor();
  private final Broker broker = new BrokerBuilder().logEvents(16).build();

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
    registry.close();
  }

  @Test
  void whatABrokerCountsIsFoundUnderTheNamesOfItsStatistics() {
    new BrokerMetrics(broker, "test").bindTo(registry);
    broker.connections().open("ann", Optional.empty());
    subscribe();
    lane.runAll();
    broker.publish(Event.of(TOPIC, "t", "a"));
    lane.runAll();
    nextScrape();

    assertThat(counted("eventbroker.events.published")).isEqualTo(1);
    assertThat(counted("eventbroker.events.delivered")).isEqualTo(1);
    assertThat(gauge("eventbroker.connections")).isEqualTo(1);
    assertThat(gauge("eventbroker.log.events")).isEqualTo(1);
    assertThat(gauge("eventbroker.log.max.events")).isEqualTo(16);
    assertThat(gauge("eventbroker.subscriptions", "state", "live")).isEqualTo(1);
    assertThat(gauge("eventbroker.subscriptions", "state", "paused")).isZero();
    assertThat(counted("eventbroker.gaps", "reason", "slow")).isZero();
    assertThat(registry.get("eventbroker.flushes").functionTimer().count()).isEqualTo(1);
  }

  @Test
  void aReasonBecomesAMeterWhenSomethingHasEndedForIt() {
    new BrokerMetrics(broker, "test").bindTo(registry);
    assertThat(registry.find("eventbroker.connections.closed").meters()).isEmpty();

    broker.connections().open("ann", Optional.empty()).close(CloseReason.SLOW);
    nextScrape();
    assertThat(gauge("eventbroker.connections")).isZero();

    assertThat(counted("eventbroker.connections.closed", "reason", "slow")).isEqualTo(1);
    broker.connections().open("ann", Optional.empty()).close(CloseReason.SLOW);
    nextScrape();
    assertThat(counted("eventbroker.connections.closed", "reason", "slow")).isEqualTo(2);
  }

  @Test
  void aSourcesOwnNumbersAreGaugesOfThatSource() {
    Feed feed = new Feed();
    broker.attach(feed);

    new BrokerMetrics(broker, "test").bindTo(registry);

    assertThat(gauge("eventbroker.source.up", "source", "feed")).isEqualTo(1);
    assertThat(gauge("eventbroker.source.reconnects", "source", "feed")).isEqualTo(2);
    feed.state = SourceStatus.State.CONNECTING;
    nextScrape();
    assertThat(gauge("eventbroker.source.up", "source", "feed")).isZero();
  }

  @Test
  void oneScrapeReadsTheStatisticsOnce() {
    Feed feed = new Feed();
    broker.attach(feed);
    new BrokerMetrics(broker, "test").bindTo(registry);
    nextScrape();
    int before = feed.asked;

    registry.forEachMeter(meter -> meter.measure().forEach(each -> each.getValue()));

    assertThat(feed.asked).isEqualTo(before + 1);
  }

  private void nextScrape() {
    clock.add(2, TimeUnit.SECONDS);
  }

  private double counted(String name, String... tags) {
    return registry.get(name).tags(tags).functionCounter().count();
  }

  private double gauge(String name, String... tags) {
    return registry.get(name).tags(tags).gauge().value();
  }

  private void subscribe() {
    broker.subscribe(
        SubscribeRequest.by(Authorized.principal("ann"))
            .filter(TopicFilter.exactly(TOPIC))
            .lane(lane)
            .build(),
        new RecordingSubscriber());
  }

  private static final class Feed implements EventSource {

    private SourceStatus.State state = SourceStatus.State.UP;
    private int asked;

    @Override
    public void start(Inbound inbound) {}

    @Override
    public SourceStatus status() {
      return new SourceStatus("feed", state, "");
    }

    @Override
    public Map<String, Number> gauges() {
      asked++;
      return Map.of("reconnects", 2);
    }

    @Override
    public void close() {}
  }
}
