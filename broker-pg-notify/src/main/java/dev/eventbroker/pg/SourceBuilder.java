package dev.eventbroker.pg;

import static java.util.Objects.requireNonNull;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * What everything that listens is made of: where to connect, who is asking, how long to wait. Not
 * safe for use by several threads.
 *
 * @param <B> the builder itself
 */
abstract class SourceBuilder<B extends SourceBuilder<B>> {

  /** Long enough for a healthy server to finish what is in hand, short enough for a restart. */
  public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(2);

  /** A dead network is noticed within this and the canary timeout; costs one small transaction. */
  public static final Duration DEFAULT_CANARY_INTERVAL = Duration.ofSeconds(10);

  /** A healthy server answers in milliseconds; a busy one may need a second. */
  public static final Duration DEFAULT_CANARY_TIMEOUT = Duration.ofSeconds(5);

  /** The whole attempt, over all hosts of the URL. */
  private static final Duration LOGIN_TIMEOUT = Duration.ofSeconds(5);

  private static final Duration MIN_CLOSE_TIMEOUT = Duration.ofMillis(500);

  /** Four thousand million names, and still easy to read out. */
  private static final int INSTANCE_LENGTH = 6;

  /** Leaves room for the instance and the role within what the server keeps of a name. */
  private static final int MAX_NAME_BYTES = 40;

  private final String jdbcUrl;
  private String name;
  private Optional<String> user = Optional.empty();
  private Optional<Supplier<String>> password = Optional.empty();
  Duration closeTimeout = DEFAULT_CLOSE_TIMEOUT;
  Duration canaryInterval = DEFAULT_CANARY_INTERVAL;
  Duration canaryTimeout = DEFAULT_CANARY_TIMEOUT;
  boolean lazyStart;
  LongSupplier nanoClock = System::nanoTime;
  RandomGenerator random = new SecureRandom();

  SourceBuilder(String jdbcUrl, String name) {
    this.jdbcUrl = jdbcUrl;
    this.name = name;
  }

  /** As it is now, so that the original may be changed and used again. */
  SourceBuilder(SourceBuilder<B> other) {
    this.jdbcUrl = other.jdbcUrl;
    this.name = other.name;
    this.user = other.user;
    this.password = other.password;
    this.closeTimeout = other.closeTimeout;
    this.canaryInterval = other.canaryInterval;
    this.canaryTimeout = other.canaryTimeout;
    this.lazyStart = other.lazyStart;
    this.nanoClock = other.nanoClock;
    this.random = other.random;
  }

  abstract B self();

  /** The name that was given, and a part that makes the instance unique. */
  String instanceName(String instance) {
    return name + '-' + instance;
  }

  String newInstance() {
    return RandomName.of(INSTANCE_LENGTH, random);
  }

  ConnectionSettings connectionSettings() {
    return new ConnectionSettings(jdbcUrl, user, password, LOGIN_TIMEOUT);
  }

  /** Who connects. Default: what the URL says. */
  public B user(String newUser) {
    user = Optional.of(newUser);
    return self();
  }

  /**
   * The password; asked for at each connect, so that it may be rotated. Called on threads of what
   * is built. Default: what the URL says.
   */
  public B password(Supplier<String> supplier) {
    password = Optional.of(supplier);
    return self();
  }

  /**
   * What threads, connections and log lines are named after; 1 to 40 bytes. Each instance adds a
   * part of its own. Default: {@code DEFAULT_NAME}.
   */
  public B name(String newName) {
    name = SqlName.require("name", newName, MAX_NAME_BYTES);
    return self();
  }

  /** How long a close takes at most. Default: 2 s; at least 500 ms. */
  public B closeTimeout(Duration timeout) {
    if (timeout.compareTo(MIN_CLOSE_TIMEOUT) < 0) {
      throw new IllegalArgumentException(
          "closeTimeout: " + timeout + " (expected: >= " + MIN_CLOSE_TIMEOUT + ")");
    }
    closeTimeout = timeout;
    return self();
  }

  /** How often the listener sends a notification to itself. Default: 10 s. */
  public B canaryInterval(Duration interval) {
    canaryInterval = requirePositive("canaryInterval", interval);
    return self();
  }

  /** How long that may take to come back before the connection is given up. Default: 5 s. */
  public B canaryTimeout(Duration timeout) {
    canaryTimeout = requirePositive("canaryTimeout", timeout);
    return self();
  }

  /**
   * Whether the start returns without a connection, and one is got when the database answers; then
   * whatever is wrong shows in the log and in the status alone. Default: {@code false}, the start
   * fails.
   */
  public B lazyStart(boolean lazy) {
    lazyStart = lazy;
    return self();
  }

  /** Measures how long something takes, in nanoseconds. Default: {@link System#nanoTime}. */
  public B nanoClock(LongSupplier nanos) {
    nanoClock = requireNonNull(nanos, "nanos");
    return self();
  }

  /**
   * Where jitter, names and epochs come from; must be safe for several threads. Default: {@link
   * SecureRandom}.
   */
  public B random(RandomGenerator generator) {
    random = requireNonNull(generator, "generator");
    return self();
  }

  static Duration requirePositive(String what, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
    }
    return value;
  }
}
