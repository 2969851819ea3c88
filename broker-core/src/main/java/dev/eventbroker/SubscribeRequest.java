package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Everything that a subscription is made from. Starts from an {@link Authorized} value, so that
 * nothing can be subscribed that nobody has decided about. Immutable.
 */
public final class SubscribeRequest {

  /** Most filters of one subscription: what peers allow, and far more than a page needs. */
  public static final int MAX_FILTERS = 100;

  private final String principal;
  private final Optional<EventId> asOf;
  private final List<TopicFilter> filters;
  private final Optional<Loading> snapshot;
  private final Optional<Duration> snapshotTimeout;
  private final Optional<String> lastEventId;
  private final LagPolicy lagPolicy;
  private final Optional<Executor> lane;
  private final boolean ownLane;

  private SubscribeRequest(Builder<?> builder, Optional<Loading> snapshot) {
    this.principal = builder.authorized.principal();
    this.asOf = builder.authorized.asOf();
    this.filters = List.copyOf(builder.filters);
    this.snapshot = snapshot;
    this.snapshotTimeout = builder.snapshotTimeout;
    this.lastEventId = builder.lastEventId;
    this.lagPolicy = builder.lagPolicy;
    this.lane = builder.lane;
    this.ownLane = builder.ownLane;
  }

  /** Starts a request of somebody who was let in. */
  public static <T> Builder<T> by(Authorized<T> authorized) {
    return new Builder<>(requireNonNull(authorized, "authorized"));
  }

  /** Who subscribes. */
  public String principal() {
    return principal;
  }

  /** {@link Authorized#asOf} of the decision to let it in. */
  public Optional<EventId> asOf() {
    return asOf;
  }

  /** What is asked for; 1 to {@value #MAX_FILTERS}. */
  public List<TopicFilter> filters() {
    return filters;
  }

  /** How the snapshot is loaded, if there is one. */
  public Optional<Loading> snapshot() {
    return snapshot;
  }

  /** How long the caller waits for a snapshot; empty when it did not say. */
  public Optional<Duration> snapshotTimeout() {
    return snapshotTimeout;
  }

  /** The id to go on from, as the client sent it; possibly malformed. */
  public Optional<String> lastEventId() {
    return lastEventId;
  }

  /** What happens when the subscriber has fallen too far behind. */
  public LagPolicy lagPolicy() {
    return lagPolicy;
  }

  /** The executor to live on; empty for one of the broker's own. */
  public Optional<Executor> lane() {
    return lane;
  }

  /** Whether {@link #lane} is a pool on which each subscription is to have a lane for itself. */
  public boolean hasOwnLane() {
    return ownLane;
  }

  /** A snapshot source together with the authorised value that it is asked with. */
  public interface Loading {

    /** {@link SnapshotSource#load} for the authorised value. */
    Snapshot load(Duration timeout) throws Exception;

    /** {@link SnapshotSource#fallback} for the authorised value. */
    Snapshot fallback();
  }

  /**
   * Collects the parts of a request.
   *
   * @param <T> the authorised value
   */
  public static final class Builder<T> {

    private final Authorized<T> authorized;
    private final List<TopicFilter> filters = new ArrayList<>();
    private Optional<SnapshotSource<? super T>> snapshot = Optional.empty();
    private Optional<Duration> snapshotTimeout = Optional.empty();
    private Optional<String> lastEventId = Optional.empty();
    private LagPolicy lagPolicy = LagPolicy.RESYNC;
    private Optional<Executor> lane = Optional.empty();
    private boolean ownLane;

    private Builder(Authorized<T> authorized) {
      this.authorized = authorized;
    }

    /** Asks for the topics of one more filter. */
    public Builder<T> filter(TopicFilter filter) {
      filters.add(requireNonNull(filter, "filter"));
      return this;
    }

    /** Asks for the topics of these filters too. */
    public Builder<T> filters(List<TopicFilter> more) {
      more.forEach(this::filter);
      return this;
    }

    /**
     * Starts the run with a snapshot of this source, unless the run is resumed by id. Without it
     * there is none.
     */
    public Builder<T> snapshot(SnapshotSource<? super T> source) {
      snapshot = Optional.of(source);
      return this;
    }

    /**
     * How long the caller waits for the snapshot: its own deadline. Without it the broker's default
     * holds (5 s).
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder<T> snapshotTimeout(Duration timeout) {
      if (timeout.isNegative() || timeout.isZero()) {
        throw new IllegalArgumentException("snapshotTimeout: " + timeout + " (expected: > 0)");
      }
      snapshotTimeout = Optional.of(timeout);
      return this;
    }

    /**
     * Goes on after that event. What the log cannot go on from (malformed, another epoch, too old)
     * is answered with a gap and not with an error. Without it the run starts now.
     */
    public Builder<T> lastEventId(String id) {
      lastEventId = Optional.of(id);
      return this;
    }

    /**
     * What happens when the subscriber has fallen too far behind. Default: {@link
     * LagPolicy#RESYNC}.
     */
    public Builder<T> lagPolicy(LagPolicy policy) {
      lagPolicy = requireNonNull(policy, "policy");
      return this;
    }

    /**
     * The executor whose thread the subscriber is called on, such as the event loop of its channel.
     * It must run tasks one after another. Subscriptions of the same executor share one reading of
     * the log. Default: one of the broker's own threads. Replaces {@link #ownLane}.
     */
    public Builder<T> lane(Executor executor) {
      lane = Optional.of(executor);
      ownLane = false;
      return this;
    }

    /**
     * A lane for this subscription alone, run by the threads of that executor: a place for a
     * subscriber that blocks. However many threads it has, the subscriber is called on one at a
     * time, and each call sees what the one before it wrote. While the subscriber blocks it holds
     * one of the executor's threads, and nobody else's events. Every publish wakes every lane, so
     * this is for few subscriptions and not for each of thousands. Replaces {@link #lane}.
     */
    public Builder<T> ownLane(Executor pool) {
      lane = Optional.of(pool);
      ownLane = true;
      return this;
    }

    /**
     * The request.
     *
     * @throws IllegalArgumentException if there is no filter, or more than {@value
     *     SubscribeRequest#MAX_FILTERS}
     */
    public SubscribeRequest build() {
      if (filters.isEmpty() || filters.size() > MAX_FILTERS) {
        throw new IllegalArgumentException(
            "filters: " + filters.size() + " (expected: 1 to " + MAX_FILTERS + ")");
      }
      return new SubscribeRequest(this, snapshot.map(source -> bind(authorized.value(), source)));
    }

    private static <T> Loading bind(T value, SnapshotSource<? super T> source) {
      return new Loading() {
        @Override
        public Snapshot load(Duration timeout) throws Exception {
          return source.load(value, timeout);
        }

        @Override
        public Snapshot fallback() {
          return source.fallback(value);
        }
      };
    }
  }
}
