package dev.eventbroker.sessions;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.connection.LiveConnections;
import dev.eventbroker.sessions.SimulatedStore.Fate;
import dev.eventbroker.testing.ManualTimer;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** A node with real connections and real edit sessions, in a time and a world that are not. */
final class SimulatedNode implements SimulatedStore.Line {

  static final Duration HEARTBEAT = Duration.ofSeconds(30);

  private static final long MAX_THREAD_DELAY_MILLIS = 300;

  final String name;
  private final ManualTimer timer;
  private final RandomGenerator random;
  private final LiveConnections connections =
      new LiveConnections(HEARTBEAT, Integer.MAX_VALUE, new BrokerObserver() {}, System::nanoTime);
  private final Queue<Runnable> stalledTurns = new ArrayDeque<>();
  private final Map<String, Instant> leftAt = new HashMap<>();
  private EditSessions sessions;
  private boolean dead;
  private boolean stalled;
  private boolean cutOff;
  private boolean diesAtNextCall;
  private boolean unclearOnce;
  private long healthySince;
  private long touchedAtNanos;
  private Optional<Instant> touchedAt = Optional.empty();
  private java.time.InstantSource storeClock;

  SimulatedNode(String name, ManualTimer timer, RandomGenerator random) {
    this.name = name;
    this.timer = timer;
    this.random = random;
    this.healthySince = timer.nanos();
  }

  void start(SessionStore store, java.time.InstantSource clock, Duration timeout, Duration grace) {
    storeClock = clock;
    sessions =
        EditSessions.builder(broker(), store)
            .timeout(timeout)
            .disconnectGrace(grace)
            .rollCall(Duration.ofSeconds(10))
            .timer(timer)
            .random(random)
            .nanoClock(timer::nanos)
            .executor(this::run)
            .build();
    tickLater();
  }

  private Broker broker() {
    return (Broker)
        Proxy.newProxyInstance(
            SimulatedNode.class.getClassLoader(),
            new Class<?>[] {Broker.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("connections")) {
                return connections;
              }
              throw new UnsupportedOperationException(method.getName());
            });
  }

  private void tickLater() {
    long millis = (long) (HEARTBEAT.toMillis() * (0.9 + 0.2 * random.nextDouble()));
    var unused =
        timer.schedule(
            () -> {
              if (!dead) {
                connections.tick();
                tickLater();
              }
            },
            millis,
            TimeUnit.MILLISECONDS);
  }

  /** A thread takes its time. */
  private void run(Runnable turn) {
    if (dead) {
      return;
    }
    if (stalled) {
      stalledTurns.add(turn);
      return;
    }
    var unused =
        timer.schedule(
            () -> {
              if (!dead) {
                turn.run();
              }
            },
            random.nextLong(MAX_THREAD_DELAY_MILLIS),
            TimeUnit.MILLISECONDS);
  }

  @Override
  public Fate next() {
    if (diesAtNextCall) {
      dead = true;
      return random.nextBoolean() ? Fate.FAILS : Fate.FAILS_AFTERWARDS;
    }
    if (unclearOnce) {
      unclearOnce = false;
      noteTrouble();
      return Fate.FAILS_AFTERWARDS;
    }
    return dead || cutOff ? Fate.FAILS : Fate.WORKS;
  }

  @Override
  public void touched() {
    touchedAt = Optional.of(storeClock.instant());
    touchedAtNanos = timer.nanos();
  }

  EditSessions sessions() {
    return sessions;
  }

  Connection open(String owner) {
    leftAt.remove(owner);
    return connections.open("ann", Optional.of(owner));
  }

  void closed(String owner, CloseReason reason) {
    if (!connections.hasOwner(owner) && !reason.expectedBack()) {
      leftAt.put(owner, timer.instant());
    }
  }

  boolean isAlive() {
    return !dead;
  }

  boolean isInGrace(String owner, Duration grace) {
    Instant left = leftAt.get(owner);
    return !dead && left != null && left.plus(grace).isAfter(timer.instant());
  }

  /** Also when the store's clock was set back since, which makes no touch younger. */
  boolean isKnownToBeAlive(Duration outage) {
    return touchedAt.filter(at -> !at.plus(outage).isBefore(storeClock.instant())).isPresent()
        && timer.nanos() - touchedAtNanos <= outage.toNanos();
  }

  /** Nothing has been wrong with it for so long. */
  boolean isHealthyFor(Duration time) {
    return !dead && !stalled && !cutOff && timer.nanos() - healthySince > time.toNanos();
  }

  void noteTrouble() {
    healthySince = timer.nanos();
  }

  void stall(boolean stalledNow) {
    noteTrouble();
    stalled = stalledNow;
    for (Runnable turn = stalledNow ? null : stalledTurns.poll();
        turn != null;
        turn = stalledTurns.poll()) {
      run(turn);
    }
  }

  void cutOff(boolean cutOffNow) {
    noteTrouble();
    cutOff = cutOffNow;
  }

  void failUnclearlyOnce() {
    unclearOnce = true;
  }

  void kill(boolean inTheMiddle) {
    diesAtNextCall = inTheMiddle;
    dead |= !inTheMiddle;
  }

  void mend() {
    diesAtNextCall = false;
    unclearOnce = false;
    cutOff(false);
    stall(false);
  }
}
