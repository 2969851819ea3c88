package dev.eventbroker.pg;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventSource;
import dev.eventbroker.Inbound;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.runtime.BrokerThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds the notifications of named channels into a broker: for triggers that {@code NOTIFY} today.
 * One connection, however many channels and subscribers there are.
 *
 * <p>PostgreSQL keeps no notification for anybody who is not connected. So a reconnect is told as a
 * gap for the topics that this source feeds; and so is more than its queue takes while the mapper
 * is slow. Who wants nothing lost publishes through a {@link PgBackplane}.
 */
public final class PgNotifySource implements EventSource {

  /** Hears of notifications that are no events. Called on the mapping thread. */
  @FunctionalInterface
  public interface UnmappableListener {

    /** That payload on that channel could not be mapped. */
    void unmappable(String channel, String payload, Exception cause);
  }

  private static final Logger log = LoggerFactory.getLogger(PgNotifySource.class);

  /** Enough to recognise a payload by; the whole one may be long, and private. */
  private static final int EXCERPT = 100;

  /** A parser says what it expected, and may quote what it found. */
  private static final int CAUSE_EXCERPT = 200;

  /** A trigger that writes nonsense writes a lot of it. */
  private static final Duration WARNING_INTERVAL = Duration.ofSeconds(1);

  private final Builder config;
  private final String name;
  private final ConnectionSettings settings;
  private final NotificationQueue queue = new NotificationQueue(Builder.QUEUE);
  private final AtomicLong unmappable = new AtomicLong();
  private final StateSignal signal = new StateSignal();

  // Guarded by this; each changes once.
  private boolean closed;
  private @Nullable Running running;

  // Written by who closes.
  private volatile String ending = "closing";

  private PgNotifySource(Builder config) {
    this.config = config;
    this.name = config.instanceName(config.newInstance());
    this.settings = config.connectionSettings();
  }

  /** For the database of that URL: {@code jdbc:postgresql://host:port/database}. */
  public static Builder builder(String jdbcUrl) {
    return new Builder(requireNonNull(jdbcUrl, "jdbcUrl"));
  }

  /**
   * A channel's name for a longer one: itself up to 63 bytes of UTF-8, which is all that PostgreSQL
   * takes, and a hash beyond. Both sides have to use it; the function {@code eb_channel} that comes
   * with the trigger function ({@code trigger/notify_row.sql}) gives the same.
   */
  public static String channelName(String name) {
    return SqlName.fitting(requireNonNull(name, "name"));
  }

  /** What this instance is called in thread names, in {@code pg_stat_activity} and in logs. */
  public String name() {
    return name;
  }

  /** How many notifications could not be mapped since the start. */
  public long unmappable() {
    return unmappable.get();
  }

  /**
   * Connects and listens. What is notified after this has returned arrives.
   *
   * @throws BrokerException if it can't; nothing is left behind
   */
  @Override
  public void start(Inbound inbound) {
    requireNonNull(inbound, "inbound");
    Running mine;
    synchronized (this) {
      if (closed) {
        throw new BrokerException.Closed(name);
      }
      if (running != null) {
        throw new IllegalStateException(name + ": started before (expected: once)");
      }
      mine = new Running(inbound);
      running = mine;
    }
    try {
      mine.start();
    } catch (BrokerException e) {
      close();
      throw e;
    }
  }

  /** The parts that need the broker. */
  private final class Running implements Listener.Sink {

    private final Inbound inbound;
    private final Listener listener;
    private final Lifeline listening;
    private final Crew crew;
    private final Thread mapping;

    // The reading thread.
    private boolean listenedBefore;

    // The mapping thread.
    private long nextWarningAt;
    private long heldBack;

    Running(Inbound inbound) {
      this.inbound = inbound;
      listener =
          new Listener(
              config.channels,
              name + ".canary",
              config.canaryInterval,
              config.canaryTimeout,
              this,
              config.nanoClock);
      listening =
          new Lifeline(
              name + "-listener",
              settings,
              Listener.properties(),
              listener,
              config.nanoClock,
              config.random,
              config.lazyStart);
      crew = new Crew(name, List.of(listening), config.nanoClock);
      mapping = new BrokerThreads(name + "-mapper").newThread(this::map);
      nextWarningAt = config.nanoClock.getAsLong();
    }

    void start() {
      mapping.start();
      if (config.lazyStart) {
        crew.startLazily();
      } else {
        crew.start();
      }
    }

    @Override
    public void listening() {
      if (listenedBefore) {
        queue.gap();
      }
      listenedBefore = true;
    }

    @Override
    public void proven() {
      signal.changed();
    }

    @Override
    public void lost() {
      log.debug("{}: notifications are missed from now on", name);
      signal.changed();
    }

    @Override
    public void notified(String channel, String payload) {
      queue.offer(channel, payload);
    }

    private void map() {
      try {
        Optional<NotificationQueue.Item> item = queue.take();
        while (item.isPresent()) {
          feed(item.get());
          item = queue.take();
        }
      } catch (InterruptedException e) {
        log.debug("{}: the mapper was given up", name);
      }
    }

    private void feed(NotificationQueue.Item item) {
      if (item.isGap()) {
        inbound.gap(config.scope);
        return;
      }
      try {
        for (Event event : config.mapper.events(item.channel(), item.payload())) {
          inbound.event(event);
        }
      } catch (BrokerException.Closed e) {
        log.debug("{}: the broker was closed", name);
      } catch (Exception e) {
        refuse(item, e);
      } catch (Error e) {
        refuse(item, new BrokerException("the mapper failed: " + e, e));
      }
    }

    private void refuse(NotificationQueue.Item item, Exception cause) {
      unmappable.incrementAndGet();
      warn(item, cause);
      try {
        config.unmappable.unmappable(item.channel(), item.payload(), cause);
      } catch (RuntimeException | Error e) {
        log.warn("{}: the listener for unmappable notifications threw", name, e);
      }
    }

    private void warn(NotificationQueue.Item item, Exception cause) {
      long now = config.nanoClock.getAsLong();
      if (now - nextWarningAt < 0) {
        heldBack++;
        return;
      }
      log.warn(
          "{}: a notification on {} is no event ({} more were not logged): {}: {}",
          name,
          Excerpt.of(item.channel(), EXCERPT),
          heldBack,
          Excerpt.of(item.payload(), EXCERPT),
          Excerpt.of(String.valueOf(cause.getMessage()), CAUSE_EXCERPT));
      nextWarningAt = now + WARNING_INTERVAL.toNanos();
      heldBack = 0;
    }
  }

  /**
   * {@link SourceStatus.State#UP} only while a notification sent to itself has come back lately.
   */
  @Override
  public SourceStatus status() {
    Running current;
    synchronized (this) {
      if (closed) {
        return new SourceStatus(name, SourceStatus.State.CLOSED, ending);
      }
      current = running;
    }
    if (current == null) {
      return new SourceStatus(name, SourceStatus.State.CONNECTING, "not started");
    }
    return current.listening.isUp() && current.listener.isProven()
        ? new SourceStatus(name, SourceStatus.State.UP, "")
        : new SourceStatus(name, SourceStatus.State.CONNECTING, current.listening.lastFailure());
  }

  /**
   * Waits until it is {@link SourceStatus.State#UP}; whether it is. False at once when closed.
   *
   * @throws InterruptedException if the thread is interrupted while it waits
   */
  public boolean awaitUp(Duration timeout) throws InterruptedException {
    return signal.await(
        () -> status().state() == SourceStatus.State.UP,
        () -> status().state() == SourceStatus.State.CLOSED,
        timeout);
  }

  /**
   * How it is doing in numbers: {@code reconnects}, {@code canary.age.seconds} (NaN before the
   * first), {@code canary.roundtrip.seconds}, {@code unmappable}, {@code queued}. Empty before the
   * start.
   */
  @Override
  public Map<String, Number> gauges() {
    Running current;
    synchronized (this) {
      current = running;
    }
    if (current == null) {
      return Map.of();
    }
    return Map.of(
        "reconnects", current.listening.reconnects(),
        "canary.age.seconds", current.listener.canaryAgeSeconds(),
        "canary.roundtrip.seconds", current.listener.canaryRoundTripSeconds(),
        "unmappable", unmappable(),
        "queued", queue.size());
  }

  /** Ends the connection within the close timeout, by resetting its socket if need be. */
  @Override
  public void close() {
    Running current;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      current = running;
    }
    queue.close();
    signal.changed();
    if (current != null) {
      current.crew.stop();
      current.mapping.interrupt();
      ending = current.crew.end(config.closeTimeout.minus(Builder.MAPPER_TIMEOUT)).detail();
      awaitMapper(current.mapping);
    } else {
      ending = Crew.Ending.ORDERLY.detail();
    }
  }

  /** A mapper that takes longer ends its thread when it ends. */
  private void awaitMapper(Thread mapping) {
    if (mapping == Thread.currentThread()) {
      return;
    }
    try {
      mapping.join(Builder.MAPPER_TIMEOUT.toMillis());
      if (mapping.isAlive()) {
        log.warn("{}: the mapper does not end", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Makes a {@link PgNotifySource}. Not safe for use by several threads. */
  public static final class Builder extends SourceBuilder<Builder> {

    /** What a person calls it. */
    public static final String DEFAULT_NAME = "pg-notify";

    /** A burst of a large transaction; at 8 kB each, what a node can spare. */
    private static final int QUEUE = 10_000;

    /** Of the close timeout, for the mapper to come to an end. */
    private static final Duration MAPPER_TIMEOUT = Duration.ofMillis(200);

    private final List<String> channels;
    private PgNotifyMapper mapper = PgNotifyMapper.json();
    private TopicFilter scope = TopicFilter.ALL;
    private UnmappableListener unmappable = (channel, payload, cause) -> {};

    private Builder(String jdbcUrl) {
      super(jdbcUrl, DEFAULT_NAME);
      this.channels = new ArrayList<>();
    }

    /** As it is now, so that the original may be changed and used again. */
    private Builder(Builder other) {
      super(other);
      this.channels = List.copyOf(other.channels);
      this.mapper = other.mapper;
      this.scope = other.scope;
      this.unmappable = other.unmappable;
    }

    @Override
    Builder self() {
      return this;
    }

    /** Listens to one more channel: exactly this name, case and all; 1 to 63 bytes of UTF-8. */
    public Builder channel(String channel) {
      channels.add(SqlName.require("channel", channel, SqlName.MAX_BYTES));
      return this;
    }

    /** How notifications become events. Default: {@link PgNotifyMapper#json}. */
    public Builder mapper(PgNotifyMapper newMapper) {
      mapper = requireNonNull(newMapper, "mapper");
      return this;
    }

    /** The topics that it feeds, and so what a gap is told for. Default: all. */
    public Builder scope(TopicFilter filter) {
      scope = requireNonNull(filter, "filter");
      return this;
    }

    /** Hears of notifications that can't be mapped. Default: nobody but the log. */
    public Builder unmappable(UnmappableListener listener) {
      unmappable = requireNonNull(listener, "listener");
      return this;
    }

    /**
     * A source that is not started; {@code broker.attach} starts it.
     *
     * @throws IllegalArgumentException if there is no channel, or the URL is not one of
     *     PostgreSQL's
     */
    public PgNotifySource build() {
      if (channels.isEmpty()) {
        throw new IllegalArgumentException("channels: none (expected: at least one)");
      }
      return new PgNotifySource(new Builder(this));
    }
  }
}
