package dev.eventbroker.examples.metrics;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerStats;
import dev.eventbroker.BrokerStats.SourceStats;
import dev.eventbroker.Gap;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.Subscription;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Binds a broker's {@link BrokerStats} to a Micrometer registry, named as they are there with
 * {@code eventbroker.} in front. Nothing is counted here, so a broker without metrics pays nothing
 * for them; a scrape reads the statistics once, however many meters there are.
 *
 * <p>Reasons, sources and their gauges become meters when they are first seen, by the scrape before
 * the one that shows them.
 */
public final class BrokerMetrics implements MeterBinder {

  /**
   * How old the statistics of one scrape may be: longer than a scrape takes, shorter than the time
   * between two of them.
   */
  private static final long MAX_AGE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final String SOURCE = "source";
  private static final String REASON = "reason";

  private final Broker broker;
  private final Tags tags;

  /** Meters of that broker, told from those of another one by its name. */
  public BrokerMetrics(Broker broker, String name) {
    this.broker = requireNonNull(broker, "broker");
    this.tags = Tags.of("broker", name);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Reader reader = new Reader(registry);
    reader.events();
    reader.log();
    reader.subscriptions();
    reader.connections();
    reader.detached();
    reader.snapshots();
    reader.seen(reader.stats());
  }

  /** The meters of one registry, all reading the same statistics. */
  private final class Reader {

    private final MeterRegistry registry;

    /** Two scrapes at the same moment may both read; no lock, for sources are asked here. */
    private volatile Read latest;

    Reader(MeterRegistry registry) {
      this.registry = registry;
      this.latest = new Read(broker.stats(), now());
    }

    BrokerStats stats() {
      long now = now();
      if (now - latest.at < MAX_AGE_NANOS) {
        return latest.stats;
      }
      BrokerStats fresh = broker.stats();
      latest = new Read(fresh, now);
      seen(fresh);
      return fresh;
    }

    private long now() {
      return registry.config().clock().monotonicTime();
    }

    void events() {
      counter("events.published", "messages in the log", stats -> stats.events().published());
      counter("events.delivered", "deliveries", stats -> stats.events().delivered());
      counter("events.filtered", "kept by an audience", stats -> stats.events().filtered());
      for (Gap.Reason reason : Gap.Reason.values()) {
        counter(
            "gaps",
            "gaps told to subscribers",
            stats -> stats.events().gaps().getOrDefault(reason, 0L),
            REASON,
            reason.wireName());
      }
      FunctionTimer.builder(
              "eventbroker.flushes",
              this,
              own -> own.stats().events().flushes().batches(),
              own -> own.stats().events().flushes().total().toNanos(),
              TimeUnit.NANOSECONDS)
          .description("publish to flush, per lane and batch")
          .tags(tags)
          .register(registry);
      time("flushes.max", "the longest of late", stats -> stats.events().flushes().max());
    }

    void log() {
      gauge("log.events", "entries kept", stats -> stats.log().events());
      gauge("log.max.events", "entries kept at most", stats -> stats.log().maxEvents());
      gauge("log.bytes", "what they take, estimated", stats -> stats.log().bytes());
      gauge("log.max.bytes", "what they take at most", stats -> stats.log().maxBytes());
    }

    void subscriptions() {
      for (Subscription.State state : Subscription.State.values()) {
        gauge(
            "subscriptions",
            "subscriptions now",
            stats -> stats.subscriptions().states().getOrDefault(state, 0),
            "state",
            wireName(state));
      }
      counter("subscriptions.opened", "ever opened", stats -> stats.subscriptions().opened());
      gauge("subscriptions.lagging", "not ready", stats -> stats.subscriptions().lagging());
      gauge("subscriptions.max.lag", "furthest behind", stats -> stats.subscriptions().maxLag());
      counter("lanes.blocked", "reported", stats -> stats.subscriptions().blockages());
    }

    void connections() {
      gauge("connections", "connections now", stats -> stats.connections().open());
      counter("connections.opened", "ever opened", stats -> stats.connections().opened());
      counter("connections.refused", "one too many", stats -> stats.connections().refused());
    }

    void detached() {
      gauge("detached.queued", "tasks that wait", stats -> stats.detached().queued());
      gauge("detached.running", "tasks that run", stats -> stats.detached().running());
      counter("detached.failed", "threw or refused", stats -> stats.detached().failed());
      counter("detached.abandoned", "left undone", stats -> stats.detached().abandoned());
      counter("deferred.failed", "not published", stats -> stats.detached().deferredFailed());
    }

    void snapshots() {
      FunctionTimer.builder(
              "eventbroker.snapshots.loaded",
              this,
              own -> own.stats().snapshots().loaded(),
              own -> own.stats().snapshots().time().toNanos(),
              TimeUnit.NANOSECONDS)
          .description("snapshots that came in time")
          .tags(tags)
          .register(registry);
      counter("snapshots.failed", "fell back", stats -> stats.snapshots().failed());
    }

    /** A meter for everything that has a name of its own; registering one twice changes nothing. */
    void seen(BrokerStats stats) {
      closed("subscriptions", stats.subscriptions().closed(), now -> now.subscriptions().closed());
      closed("connections", stats.connections().closed(), now -> now.connections().closed());
      for (SourceStats source : stats.sources()) {
        source(source);
      }
    }

    private void closed(
        String what, Map<String, Long> reasons, Function<BrokerStats, Map<String, Long>> read) {
      for (String reason : reasons.keySet()) {
        counter(
            what + ".closed",
            "ended, by reason",
            stats -> read.apply(stats).getOrDefault(reason, 0L),
            REASON,
            reason);
      }
    }

    private void source(SourceStats source) {
      String name = source.status().name();
      gauge(
          "source.up",
          "whether events flow: 1 or 0",
          stats -> find(stats, name, one -> isUp(one.status()) ? 1 : 0),
          SOURCE,
          name);
      for (String gauge : source.gauges().keySet()) {
        gauge(
            "source." + gauge,
            "a number of that source's own",
            stats -> find(stats, name, one -> valueOf(one, gauge)),
            SOURCE,
            name);
      }
    }

    private void counter(
        String name, String description, ToDoubleFunction<BrokerStats> read, String... more) {
      FunctionCounter.builder("eventbroker." + name, this, own -> read.applyAsDouble(own.stats()))
          .description(description)
          .tags(tags)
          .tags(more)
          .register(registry);
    }

    private void gauge(
        String name, String description, ToDoubleFunction<BrokerStats> read, String... more) {
      Gauge.builder("eventbroker." + name, this, own -> read.applyAsDouble(own.stats()))
          .description(description)
          .tags(tags)
          .tags(more)
          .strongReference(true)
          .register(registry);
    }

    private void time(String name, String description, Function<BrokerStats, Duration> read) {
      TimeGauge.builder(
              "eventbroker." + name,
              this,
              TimeUnit.NANOSECONDS,
              own -> read.apply(own.stats()).toNanos())
          .description(description)
          .tags(tags)
          .strongReference(true)
          .register(registry);
    }
  }

  private record Read(BrokerStats stats, long at) {}

  /** No number at all for a source that is gone. */
  private static double find(BrokerStats stats, String name, ToDoubleFunction<SourceStats> read) {
    return stats.sources().stream()
        .filter(source -> source.status().name().equals(name))
        .mapToDouble(read)
        .findFirst()
        .orElse(Double.NaN);
  }

  private static double valueOf(SourceStats source, String gauge) {
    Number value = source.gauges().get(gauge);
    return value == null ? Double.NaN : value.doubleValue();
  }

  private static boolean isUp(SourceStatus status) {
    return status.state() == SourceStatus.State.UP;
  }

  private static String wireName(Subscription.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
