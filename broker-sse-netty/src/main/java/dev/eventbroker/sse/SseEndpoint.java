package dev.eventbroker.sse;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.LagPolicy;
import dev.eventbroker.runtime.LimitedWarnings;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.ReferenceCountUtil;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests for one path with a stream of events; requests for other paths pass on
 * untouched. Add it to any pipeline behind an HTTP/1.1 server codec, on the channel's own event
 * loop; an {@code HttpObjectAggregator} or {@code HttpContentCompressor} around it is welcome, and
 * does neither hold back a stream nor compress it.
 *
 * <p>For HTTP/2 add it to the pipeline of each stream, behind an {@code
 * Http2StreamFrameToHttpObjectCodec}: the flow-control window of the stream is then what holds a
 * slow reader's events back. (The same goes for HTTP/3.)
 *
 * <p>A stream that is asked for while handlers behind the endpoint still owe an answer on the same
 * HTTP/1.1 connection waits for its turn. One instance serves any number of channels. A channel
 * that has become a stream serves nothing else any more, and ends with the stream: what a client
 * sends on it meanwhile, as HTTP/1.1 lets it, is not answered. So the endpoint leaves its pipeline
 * then, and so does the HTTP/1.1 codec where it stands right in front of the endpoint.
 *
 * <p>{@code TCP_USER_TIMEOUT}, by which a native transport finds a peer that is gone without a
 * word, is an option of the channel and set by {@link SseServer} only; see {@link
 * Builder#stallTimeout}.
 */
@ChannelHandler.Sharable
public final class SseEndpoint extends ChannelInboundHandlerAdapter
    implements StreamPlace.ForRequestsOnly {

  private static final Logger log = LoggerFactory.getLogger(SseEndpoint.class);

  private final SseSettings settings;
  private final EndpointState state;

  private SseEndpoint(SseSettings settings) {
    this.settings = settings;
    this.state = new EndpointState(settings, new LimitedWarnings(log, settings.nanoClock()));
  }

  /** Starts an endpoint for the events of that broker. */
  public static Builder builder(Broker broker) {
    return new Builder(requireNonNull(broker, "broker"));
  }

  /**
   * Checks its place.
   *
   * @throws IllegalStateException if it was added with an executor of its own: the event loop is
   *     the lane of the subscriptions, and everything of a connection happens there
   */
  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    if (ctx.executor() != ctx.channel().eventLoop()) {
      throw new IllegalStateException(
          "executor: " + ctx.executor() + " (expected: the channel's event loop)");
    }
  }

  /** Leaves nothing behind. */
  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    unanswered(ctx).ifPresent(ctx.pipeline()::remove);
  }

  private Optional<Unanswered> unanswered(ChannelHandlerContext ctx) {
    Unanswered first = ctx.pipeline().get(Unanswered.class);
    if (first == null || first.isOf(this)) {
      return Optional.ofNullable(first);
    }
    // There are endpoints for several paths.
    for (Map.Entry<String, ChannelHandler> entry : ctx.pipeline()) {
      if (entry.getValue() instanceof Unanswered counting && counting.isOf(this)) {
        return Optional.of(counting);
      }
    }
    return Optional.empty();
  }

  /** Takes the requests that are for it. */
  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof HttpRequest request)) {
      ctx.fireChannelRead(message);
      return;
    }
    if (!QueryString.path(request.uri()).equals(settings.path())) {
      countPassing(ctx);
      ctx.fireChannelRead(message);
      return;
    }
    try {
      SseExchange exchange = new SseExchange(state, ctx.channel(), request);
      ctx.pipeline().addBefore(ctx.name(), null, exchange);
      ChannelHandlerContext place = ctx.pipeline().context(exchange);
      Optional<Unanswered> passed = unanswered(ctx);
      if (passed.isEmpty()) {
        exchange.begin(place, request);
      } else {
        passed.get().whenNone(() -> exchange.begin(place, request));
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  /** Most connections ask for a stream and nothing else: who counts comes with who is counted. */
  private void countPassing(ChannelHandlerContext ctx) {
    if (unanswered(ctx).isEmpty()) {
      ctx.pipeline().addAfter(ctx.name(), null, new Unanswered(this));
    }
  }

  /**
   * Ends every stream between two events, each with a reconnection time of its own, and from now on
   * sends newcomers away in the same manner. Returns at once; any thread, any number of times.
   *
   * @return complete when the streams that were there are gone. A client that does not take the
   *     rest of its bytes is given up after the stall timeout; who can't wait so long closes the
   *     channels.
   */
  public CompletionStage<Void> drain() {
    return state.drain();
  }

  /** How many streams there are and how many requests for one wait to be decided. */
  public int streams() {
    return state.admissions().streams();
  }

  /** What also bounds the bytes that the kernel has taken and the peer has not. */
  long stallTimeoutMillis() {
    return Math.min(settings.stallTimeout().toMillis(), Integer.MAX_VALUE);
  }

  boolean isIdle() {
    return state.admissions().isEmpty();
  }

  /** Collects the parts of an endpoint. Not safe for use by several threads. */
  public static final class Builder {

    /** Where browsers ask. */
    public static final String DEFAULT_PATH = "/events";

    /** As long as a person waits for a page; a decision later than that finds nobody. */
    public static final Duration DEFAULT_AUTHORIZE_TIMEOUT = Duration.ofSeconds(10);

    /** What the HTML standard advises against proxies that drop quiet connections. */
    public static final Duration DEFAULT_HEARTBEAT = Duration.ofSeconds(15);

    /** Longer than a network that changes needs, shorter than the kernel tries (some minutes). */
    public static final Duration DEFAULT_STALL_TIMEOUT = Duration.ofSeconds(30);

    /** So that who was let in is asked again, and a new node gets its share of the clients. */
    public static final Duration DEFAULT_MAX_LIFETIME = Duration.ofMinutes(30);

    /** Soon enough for a person not to notice, late enough for a restart not to be a storm. */
    public static final Duration DEFAULT_RETRY = Duration.ofSeconds(2);

    /** As much as a page needs to get a new token before the old one ends. */
    public static final Duration DEFAULT_EXPIRY_NOTICE = Duration.ofSeconds(30);

    /** Ten thousand clients of a node that goes come back to the others at a thousand a second. */
    public static final Duration DEFAULT_RECONNECT_SPREAD = Duration.ofSeconds(10);

    /** Browsers come back by themselves, but a gap on a connection that holds is cheaper. */
    public static final LagPolicy DEFAULT_LAG_POLICY = LagPolicy.RESYNC;

    private final Broker broker;
    private String path = DEFAULT_PATH;
    private Optional<SseAuthorizer> authorizer = Optional.empty();
    private Duration authorizeTimeout = DEFAULT_AUTHORIZE_TIMEOUT;
    private Duration heartbeat = DEFAULT_HEARTBEAT;
    private Duration stallTimeout = DEFAULT_STALL_TIMEOUT;
    private Duration maxLifetime = DEFAULT_MAX_LIFETIME;
    private Duration retry = DEFAULT_RETRY;
    private Duration expiryNotice = DEFAULT_EXPIRY_NOTICE;
    private Duration reconnectSpread = DEFAULT_RECONNECT_SPREAD;
    private SseLimits limits = SseLimits.defaults();
    private Optional<SseCors> cors = Optional.empty();
    private Optional<Function<SseRequest, String>> address = Optional.empty();
    private LagPolicy lagPolicy = DEFAULT_LAG_POLICY;
    private Delivery.Encoder<WireFrame> encoder = WireFrame.EVENT;
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    private LongSupplier nanoClock = System::nanoTime;
    private InstantSource clock = Clock.systemUTC();

    private Builder(Broker broker) {
      this.broker = broker;
    }

    /** The path that is answered, as it stands in the request. Default: {@value #DEFAULT_PATH}. */
    public Builder path(String newPath) {
      if (!newPath.startsWith("/") || !QueryString.path(newPath).equals(newPath)) {
        throw new IllegalArgumentException(
            "path: " + newPath + " (expected: to start with / and to have no ? or #)");
      }
      path = newPath;
      return this;
    }

    /**
     * Who decides about requests. There is no default, because a door that is open by default is
     * open by mistake; {@link SseAuthorizer#everybodyAs} opens it on purpose.
     */
    public Builder authorizer(SseAuthorizer newAuthorizer) {
      authorizer = Optional.of(newAuthorizer);
      return this;
    }

    /** How long a decision may take. Default: 10 s. */
    public Builder authorizeTimeout(Duration timeout) {
      authorizeTimeout = requireTime("authorizeTimeout", timeout);
      return this;
    }

    /**
     * The longest silence of a stream; each connection has a somewhat shorter one of its own.
     * Default: 15 s.
     */
    public Builder heartbeat(Duration interval) {
      heartbeat = requireTime("heartbeat", interval);
      return this;
    }

    /**
     * How long bytes may wait for the client to take any of them before the connection is closed;
     * it is closed then, or an eighth of that time later. Default: 30 s.
     *
     * <p>Bytes that the kernel has taken do not wait here: of a peer that is gone without a word
     * only the kernel knows. {@link SseServer} tells native transports to give up after the same
     * time; in a server of your own set {@code childOption(EpollChannelOption.TCP_USER_TIMEOUT,
     * milliseconds)} (or the one of io_uring).
     */
    public Builder stallTimeout(Duration timeout) {
      stallTimeout = requireTime("stallTimeout", timeout);
      return this;
    }

    /**
     * How long a stream lasts at most before it is ended for the client to come back; each one up
     * to a fifth shorter. Default: 30 min.
     */
    public Builder maxLifetime(Duration lifetime) {
      maxLifetime = requireTime("maxLifetime", lifetime);
      return this;
    }

    /**
     * After what time clients come back, each one told another one up to a half shorter or longer.
     * Default: 2 s; 250 ms to 24 h.
     */
    public Builder retry(Duration reconnectionTime) {
      if (reconnectionTime.compareTo(SseSettings.MIN_RETRY) < 0
          || reconnectionTime.compareTo(SseSettings.MAX_RETRY) > 0) {
        throw new IllegalArgumentException(
            "retry: "
                + reconnectionTime
                + " (expected: "
                + SseSettings.MIN_RETRY
                + " to "
                + SseSettings.MAX_RETRY
                + ")");
      }
      retry = reconnectionTime;
      return this;
    }

    /**
     * How long before the end of what a client was let in with ({@link SseDecision.Allowed#until})
     * it is told so with an event {@code expiring}. Default: 30 s.
     */
    public Builder expiryNotice(Duration notice) {
      expiryNotice = requireTime("expiryNotice", notice);
      return this;
    }

    /**
     * The time over which clients that are sent away together come back, each after another part of
     * it: in a drain, and beyond a limit. Default: 10 s.
     */
    public Builder reconnectSpread(Duration spread) {
      reconnectSpread = requireTime("reconnectSpread", spread);
      return this;
    }

    /** What is taken on at most. Default: {@link SseLimits#defaults}. */
    public Builder limits(SseLimits newLimits) {
      limits = requireNonNull(newLimits, "newLimits");
      return this;
    }

    /** Which pages of other origins may read. Default: none, and nothing is said about it. */
    public Builder cors(SseCors policy) {
      cors = Optional.of(policy);
      return this;
    }

    /**
     * What counts as one address for {@link SseLimits#perAddress}: behind a proxy, what the proxy
     * says about its client (and only if nobody else can say it). Called on the event loop, must
     * not block. Default: the address of the connection's other end; of IPv6 its /64 network, since
     * who has one address of it has them all.
     */
    public Builder address(Function<SseRequest, String> addressOf) {
      address = Optional.of(addressOf);
      return this;
    }

    /** What happens to a client that the log has moved past. Default: {@link LagPolicy#RESYNC}. */
    public Builder lagPolicy(LagPolicy policy) {
      lagPolicy = requireNonNull(policy, "policy");
      return this;
    }

    /** Where jitter comes from; must be safe for several threads. Default: one per thread. */
    public Builder random(RandomGenerator generator) {
      random = requireNonNull(generator, "generator");
      return this;
    }

    /**
     * Measures how long something has lasted, in nanoseconds; what is due is run by the event
     * loop's own timer. Default: {@link System#nanoTime}.
     */
    public Builder nanoClock(LongSupplier nanos) {
      nanoClock = requireNonNull(nanos, "nanos");
      return this;
    }

    /** Tells the time for {@link SseDecision.Allowed#until}. Default: the system's clock. */
    public Builder clock(InstantSource instants) {
      clock = requireNonNull(instants, "instants");
      return this;
    }

    Builder encoder(Delivery.Encoder<WireFrame> newEncoder) {
      encoder = newEncoder;
      return this;
    }

    /**
     * The endpoint.
     *
     * @throws IllegalStateException if there is no authoriser
     */
    public SseEndpoint build() {
      SseAuthorizer door =
          authorizer.orElseThrow(
              () -> new IllegalStateException("authorizer: none (expected: one)"));
      return new SseEndpoint(
          new SseSettings(
              broker,
              path,
              door,
              authorizeTimeout,
              heartbeat,
              stallTimeout,
              maxLifetime,
              expiryNotice,
              retry,
              reconnectSpread,
              limits,
              cors,
              address.orElseGet(this::ownAddress),
              lagPolicy,
              encoder,
              random,
              nanoClock,
              clock));
    }

    /** Where nobody counts addresses, none is made text. */
    private Function<SseRequest, String> ownAddress() {
      return limits.perAddress() == SseLimits.UNLIMITED
          ? request -> ""
          : request -> ClientAddress.of(request.remoteAddress());
    }

    private static Duration requireTime(String what, Duration value) {
      if (value.isNegative() || value.isZero() || value.compareTo(SseSettings.LONGEST) > 0) {
        throw new IllegalArgumentException(
            what + ": " + value + " (expected: > 0, at most " + SseSettings.LONGEST + ")");
      }
      return value;
    }
  }
}
