package dev.eventbroker.pg;

import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The parts of a backplane that need the broker: its two connections, and their work. */
final class OutboxNode implements Listener.Sink {

  private static final int EPOCH_LENGTH = 12;

  private final OutboxSettings settings;
  private final PublishQueue queue;
  private final Inbound inbound;
  private final StateSignal signal;
  private final String committed;
  private final Listener listener;
  private final OutboxWorker worker;
  private final Housekeeping housekeeping;
  private final Lifeline listening;
  private final Lifeline working;
  private final Crew crew;

  OutboxNode(
      OutboxSettings settings,
      ConnectionSettings connections,
      PublishQueue queue,
      Settlement settlement,
      Inbound inbound,
      StateSignal signal) {
    this.settings = settings;
    this.queue = queue;
    this.inbound = inbound;
    this.signal = signal;
    committed = settings.committedChannel();
    listener =
        new Listener(
            List.of(settings.orderedChannel(), committed),
            settings.canaryChannel(),
            settings.canaryInterval(),
            settings.canaryTimeout(),
            this,
            settings.nanoClock());
    housekeeping = new Housekeeping(settings);
    worker = new OutboxWorker(settings, queue, settlement, inbound, housekeeping, signal::changed);
    listening = lifeline("-listener", connections, Listener.properties(), listener);
    working = lifeline("-worker", connections, workerProperties(), worker);
    crew = new Crew(settings.instance(), List.of(listening, working), settings.nanoClock());
  }

  private Lifeline lifeline(
      String role, ConnectionSettings connections, Properties properties, Lifeline.Work work) {
    return new Lifeline(
        settings.instance() + role,
        connections,
        properties,
        work,
        settings.nanoClock(),
        settings.random(),
        settings.lazyStart());
  }

  /**
   * Everything is prepared once and read in binary. The planner knows nothing of cursors and
   * snapshots: plans that read a whole table are ruled out, and compiling them, or planning anew
   * for each cursor, takes longer than they run.
   */
  private Properties workerProperties() {
    Properties properties = new Properties();
    properties.setProperty("currentSchema", SqlName.quoted(settings.schema()));
    properties.setProperty("prepareThreshold", "1");
    properties.setProperty(
        "options",
        "-c statement_timeout="
            + settings.statementTimeout().toMillis()
            + " -c lock_timeout="
            + settings.lockTimeout().toMillis()
            + " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
            + " -c plan_cache_mode=force_generic_plan");
    return properties;
  }

  // ---- Life

  void start() {
    if (settings.lazyStart()) {
      // Nobody can have an id of it, so everybody is told a gap when the order is known.
      inbound.begin(new EventId(RandomName.of(EPOCH_LENGTH, settings.random()), 0));
      crew.startLazily();
    } else {
      crew.start();
    }
  }

  /** Asks for the end of what is in hand. */
  void stop() {
    crew.stop();
  }

  Crew.Ending end(Duration timeout) {
    Crew.Ending how = crew.end(timeout);
    worker.abandon();
    return how;
  }

  /** See {@link OutboxWorker#caughtUp}. */
  CompletableFuture<EventId> caughtUp() {
    return worker.caughtUp();
  }

  // ---- The reading thread

  @Override
  public void listening() {
    queue.committed();
  }

  @Override
  public void proven() {
    signal.changed();
  }

  /** The same network, and often the same server: what the worker waits for is in doubt. */
  @Override
  public void lost() {
    working.hurry(settings.canaryTimeout());
    signal.changed();
  }

  /** Our own notifications come back as well, when all is known already. */
  @Override
  public void notified(String channel, String payload) {
    if (channel.equals(committed)) {
      queue.committed();
    } else if (!payload.equals(Long.toString(worker.position()))) {
      queue.news();
    }
  }

  // ---- State

  boolean isUp() {
    return listening.isUp() && listener.isProven() && working.isUp();
  }

  String whyNot() {
    return Stream.of(listening, working)
        .filter(lifeline -> !lifeline.lastFailure().isEmpty())
        .map(lifeline -> lifeline.name() + ": " + lifeline.lastFailure())
        .collect(Collectors.joining("; "));
  }

  /** What was not looked at yet is no number. */
  Map<String, Number> gauges() {
    Outbox.Lag lag = housekeeping.lag();
    Map<String, Number> gauges = new HashMap<>();
    gauges.put("reconnects", listening.reconnects() + working.reconnects());
    gauges.put("canary.age.seconds", listener.canaryAgeSeconds());
    gauges.put("canary.roundtrip.seconds", listener.canaryRoundTripSeconds());
    gauges.put("publish.unsettled", queue.unsettled());
    gauges.put("position", worker.position());
    gauges.put("outbox.unordered", lag == null ? Double.NaN : lag.unordered());
    gauges.put("outbox.oldest.seconds", lag == null ? Double.NaN : lag.oldestSeconds());
    gauges.put("outbox.retained.events", lag == null ? Double.NaN : lag.retained());
    gauges.put("outbox.retained.bytes", lag == null ? Double.NaN : lag.retainedBytes());
    gauges.put("notification.queue.usage", lag == null ? Double.NaN : lag.queueUsage());
    return Map.copyOf(gauges);
  }
}
