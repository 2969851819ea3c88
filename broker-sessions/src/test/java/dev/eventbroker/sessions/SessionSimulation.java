package dev.eventbroker.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.BrokerException;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.testing.ManualTimer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * Some hours of a cluster in virtual time: people with tabs on several nodes, reloads and hops,
 * nodes that stall, are cut off, die and are replaced, outages of the store, and a store whose
 * clock is set. All of it follows from a seed. What happens is checked by {@link SimulationModel}
 * as it happens; at the end everything is mended, who is there keeps what it holds, and who is not
 * has nothing left.
 */
final class SessionSimulation {

  static final Duration TIMEOUT = Duration.ofMinutes(5);
  static final LeaseTerms TERMS = new LeaseTerms(TIMEOUT, SimulatedNode.HEARTBEAT.multipliedBy(2));

  private static final int OWNERS = 6;
  private static final int RESOURCES = 3;
  private static final int MAX_NODES = 4;

  /** A tick comes up to a tenth late, and a thread takes its time. */
  private static final Duration LATEST_TOUCH = Duration.ofSeconds(34);

  private final long seed;
  private final RandomGenerator random;
  private final ManualTimer timer;
  private final StoreClock clock;
  private final SessionStore store;
  private final Duration grace;
  private final SimulationModel model = new SimulationModel(TERMS);
  private final World world = new World();
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final List<Tab> tabs = new ArrayList<>();
  private final List<String> script = new ArrayList<>();
  private boolean outage;
  private int started;

  /** The time of the store, which can be set. */
  static final class StoreClock implements java.time.InstantSource {

    private final ManualTimer timer;
    private Duration ahead = Duration.ZERO;

    StoreClock(ManualTimer timer) {
      this.timer = timer;
    }

    @Override
    public Instant instant() {
      // A database knows no nanoseconds.
      return timer.instant().plus(ahead).truncatedTo(ChronoUnit.MILLIS);
    }
  }

  private SessionSimulation(long seed, ManualTimer timer, StoreClock clock, SessionStore store) {
    this.seed = seed;
    this.random = new Random(seed);
    this.timer = timer;
    this.clock = clock;
    this.store = store;
    this.grace = random.nextBoolean() ? Duration.ZERO : Duration.ofSeconds(5);
  }

  /** Makes a store that has that time. */
  interface Stores {
    SessionStore with(StoreClock clock);
  }

  /**
   * Runs a seed.
   *
   * @return what happened, as its events have to tell it
   * @throws AssertionError with the seed and the script if something may not be
   */
  static List<String> run(long seed, int steps, Stores stores) {
    ManualTimer timer = new ManualTimer();
    StoreClock clock = new StoreClock(timer);
    SessionSimulation simulation = new SessionSimulation(seed, timer, clock, stores.with(clock));
    try {
      simulation.run(steps);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("seed " + seed + ": " + e + "\n" + simulation.lastOfScript(), e);
    }
    return simulation.model.events();
  }

  private String lastOfScript() {
    return String.join("\n", script.subList(Math.max(0, script.size() - 60), script.size()));
  }

  private void run(int steps) {
    startNode();
    startNode();
    for (int i = 0; i < steps; i++) {
      step();
      model.assertTruth();
      pass(pause());
    }
    mendEverything();
    whoIsThereKeepsWhatItHolds();
    whoIsGoneHasNothingLeft();
  }

  private Duration pause() {
    return switch (random.nextInt(10)) {
      case 0, 1, 2 -> Duration.ZERO;
      case 3, 4 -> Duration.ofMillis(random.nextInt(1000));
      case 5, 6, 7 -> Duration.ofMillis(random.nextInt(15_000));
      case 8 -> Duration.ofSeconds(random.nextInt(120));
      default -> Duration.ofSeconds(random.nextInt(8) == 0 ? random.nextInt(700) : 30);
    };
  }

  private void pass(Duration time) {
    timer.advance(time);
    model.assertTruth();
  }

  private void step() {
    buryTheDead();
    String owner = "ws-" + random.nextInt(OWNERS);
    String resource = "board/" + random.nextInt(RESOURCES);
    switch (random.nextInt(26)) {
      case 0, 1, 2, 3 -> open(owner, anyNode());
      case 4, 5 -> anyTab().ifPresent(tab -> close(tab, CloseReason.DISCONNECTED));
      case 6 -> anyTab().ifPresent(tab -> close(tab, CloseReason.SHUTDOWN));
      case 7, 8 -> anyTab().ifPresent(this::hop);
      case 9 -> anyTab().ifPresent(this::reload);
      case 10, 11, 12 -> ask("acquires " + resource, on -> on.acquire(resource, owner, "ann"));
      case 13 -> ask("joins " + resource, on -> on.join(resource, owner, "ann"));
      case 14, 15 -> takeOver(resource, owner);
      case 16 -> release(owner);
      case 17 -> ask("signs out", on -> on.releaseOwner(owner));
      case 18 -> kill(anyNode());
      case 19 -> startNode();
      case 20 -> noted(anyNode(), "stalls or goes on").stall(random.nextBoolean());
      case 21 -> noted(anyNode(), "is cut off or not").cutOff(random.nextBoolean());
      case 22 -> noted(anyNode(), "will not know about a call").failUnclearlyOnce();
      case 23 -> outage(random.nextBoolean());
      case 24 -> setClock();
      default -> leave(anyNode());
    }
  }

  private SimulatedNode noted(SimulatedNode node, String what) {
    note(node.name + " " + what);
    return node;
  }

  private void note(String what) {
    script.add(timer.nanos() / 1_000_000 + " " + what);
  }

  private SimulatedNode anyNode() {
    return nodes.get(random.nextInt(nodes.size()));
  }

  private Optional<Tab> anyTab() {
    return tabs.isEmpty() ? Optional.empty() : Optional.of(tabs.get(random.nextInt(tabs.size())));
  }

  private Tab open(String owner, SimulatedNode node) {
    note(owner + " opens a tab on " + node.name);
    Tab tab = new Tab(owner, node, node.open(owner), timer.nanos());
    tabs.add(tab);
    return tab;
  }

  private void close(Tab tab, CloseReason reason) {
    note(tab.owner + " closes a tab on " + tab.node.name + ": " + reason.code());
    tabs.remove(tab);
    // The world knows before the node does.
    boolean last = tabs.stream().noneMatch(each -> each.isLike(tab));
    tab.connection.close(reason);
    if (last) {
      tab.node.closed(tab.owner, reason);
    }
  }

  private void hop(Tab tab) {
    open(tab.owner, anyNode());
    if (random.nextBoolean()) {
      pass(Duration.ofMillis(random.nextInt(400)));
    }
    if (tabs.contains(tab)) {
      close(tab, CloseReason.DISCONNECTED);
    }
  }

  private void reload(Tab tab) {
    close(tab, CloseReason.DISCONNECTED);
    pass(Duration.ofMillis(random.nextInt(7000)));
    open(tab.owner, anyNode());
  }

  private void ask(String what, Consumer<EditSessions> call) {
    SimulatedNode node = anyNode();
    note("somebody " + what + " on " + node.name);
    try {
      call.accept(node.sessions());
    } catch (BrokerException e) {
      note("refused: " + e.getMessage());
    }
    buryTheDead();
  }

  private void takeOver(String resource, String owner) {
    model
        .anyLive(each -> each.resource().equals(resource) && each.mode() == Mode.EXCLUSIVE)
        .ifPresent(
            held -> {
              long fence = held.fence() - (random.nextInt(4) == 0 ? 1 : 0);
              ask("takes over", on -> on.takeOver(resource, fence, owner, "eve"));
            });
  }

  private void release(String owner) {
    model
        .anyLive(each -> each.owner().equals(owner))
        .ifPresent(
            held -> {
              if (random.nextBoolean()) {
                ask("releases", on -> on.release(held.id()));
              } else {
                ask("forces", on -> on.forceRelease(held.id()));
              }
            });
  }

  private void kill(SimulatedNode node) {
    noted(node, "is killed").kill(random.nextBoolean());
    buryTheDead();
  }

  /** The node shuts down in order: its clients are sent away before. */
  private void leave(SimulatedNode node) {
    note(node.name + " shuts down");
    for (Tab tab : List.copyOf(tabs)) {
      if (tab.node == node) {
        close(tab, CloseReason.SHUTDOWN);
      }
    }
    node.kill(false);
    buryTheDead();
  }

  private void buryTheDead() {
    nodes.removeIf(node -> !node.isAlive());
    tabs.removeIf(tab -> !tab.node.isAlive());
    if (nodes.isEmpty()) {
      startNode();
    }
  }

  private void startNode() {
    if (nodes.size() >= MAX_NODES) {
      return;
    }
    SimulatedNode node = new SimulatedNode("node-" + ++started, timer, random);
    note(node.name + " starts");
    nodes.add(node);
    node.cutOff(outage);
    node.start(new SimulatedStore(store, node, model, world, clock), clock, TIMEOUT, grace);
  }

  private void outage(boolean now) {
    note("outage: " + now);
    outage = now;
    nodes.forEach(node -> node.cutOff(now));
  }

  private void setClock() {
    Duration leap = Duration.ofSeconds(random.nextInt(1400) - 700);
    note("the clock is set by " + leap);
    clock.ahead = clock.ahead.plus(leap);
  }

  private void mendEverything() {
    note("everything is mended");
    outage = false;
    nodes.forEach(SimulatedNode::mend);
    buryTheDead();
    for (int i = 0; i < OWNERS / 2; i++) {
      String owner = "ws-" + i;
      if (tabs.stream().noneMatch(tab -> tab.owner.equals(owner))) {
        open(owner, anyNode());
      }
    }
    // Leaves of dead nodes that others wait for, and expiries that were held back.
    pass(TIMEOUT.multipliedBy(3));
  }

  private void whoIsThereKeepsWhatItHolds() {
    List<String> there = tabs.stream().map(tab -> tab.owner).distinct().toList();
    List<Session> held =
        model.live().stream().filter(each -> there.contains(each.owner())).toList();
    assertThat(model.owners()).as("holders that are not there").isSubsetOf(there);
    pass(TIMEOUT.multipliedBy(2));
    assertThat(model.live()).as("of who is there").containsExactlyInAnyOrderElementsOf(held);
    there.forEach(owner -> assertThat(model.untold(owner)).as("untold %s", owner).isZero());
  }

  private void whoIsGoneHasNothingLeft() {
    List.copyOf(tabs).forEach(tab -> close(tab, CloseReason.DISCONNECTED));
    pass(Duration.ofMinutes(1));
    assertThat(model.live()).as("a minute after everybody has left").isEmpty();
    assertThat(store.count()).as("seed %s", seed).isZero();
  }

  private final class World implements SimulationModel.Tabs {

    @Override
    public boolean isSomewhere(String owner) {
      return tabs.stream().anyMatch(tab -> tab.owner.equals(owner) && tab.node.isAlive())
          || nodes.stream().anyMatch(node -> node.isInGrace(owner, grace));
    }

    @Override
    public boolean isOnNodeKnownToBeAlive(String owner) {
      return tabs.stream()
              .anyMatch(tab -> tab.owner.equals(owner) && tab.node.isKnownToBeAlive(TERMS.outage()))
          || nodes.stream()
              .anyMatch(
                  node -> node.isInGrace(owner, grace) && node.isKnownToBeAlive(TERMS.outage()));
    }

    @Override
    public boolean mustHaveBeenTouched(String owner) {
      return tabs.stream()
          .anyMatch(
              tab ->
                  tab.owner.equals(owner)
                      && timer.nanos() - tab.openedAt > LATEST_TOUCH.toNanos()
                      && tab.node.isHealthyFor(LATEST_TOUCH));
    }
  }

  private record Tab(String owner, SimulatedNode node, Connection connection, long openedAt) {

    boolean isLike(Tab other) {
      return owner.equals(other.owner) && node == other.node;
    }
  }
}
