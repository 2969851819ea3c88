package dev.eventbroker.benchmarks.sse;

import java.util.List;
import java.util.Map;

/**
 * Headers to new connections, then the closed loop with single events and with bursts, and the open
 * loop: on one server that gets more and more connections.
 */
final class FanoutScenario implements Scenario {

  private static final int BURST = 16;
  private static final int FEW = 1000;
  private static final List<Integer> EVENTS_PER_SECOND = List.of(10, 50);

  private final List<Integer> connections;
  private final boolean open;

  /**
   * What is measured.
   *
   * @param connections rising
   * @param open whether the open loop is run, with {@value #FEW} connections
   */
  FanoutScenario(List<Integer> connections, boolean open) {
    this.connections = List.copyOf(connections);
    this.open = open;
  }

  @Override
  public void run(Turn turn) {
    try (ServerProcess server = turn.start();
        LoadDriver driver = turn.drive(server, turn.payloads())) {
      ReaderGroup readers = driver.group();
      for (int count : connections) {
        int before = readers.live();
        Opening opening = driver.open(readers, count - before, i -> Origin.FRESH, server.figures());
        turn.measured("sse/opening", Opening.parameters(count - before, before), opening.figures());
        driver.closedLoop(count == FEW ? turn.warmUp() : turn.warmUpAgain(), 1);
        closed(turn, server, driver, readers, 1);
        driver.closedLoop(turn.warmUpAgain().dividedBy(2), BURST);
        closed(turn, server, driver, readers, BURST);
        if (open && count == FEW) {
          for (int eventsPerSecond : EVENTS_PER_SECOND) {
            open(turn, server, driver, readers, eventsPerSecond);
          }
        }
      }
    }
  }

  private static void closed(
      Turn turn, ServerProcess server, LoadDriver driver, ReaderGroup readers, int burst) {
    long connections = readers.live();
    Phase phase = new Phase(readers, server.figures());
    boolean whole = driver.closedLoop(turn.measured(), burst);
    turn.measured(
        "sse/closed", Map.of("connections", connections, "burst", (long) burst), phase.figures());
    if (!whole) {
      throw new IllegalStateException("events did not come");
    }
  }

  private static void open(
      Turn turn,
      ServerProcess server,
      LoadDriver driver,
      ReaderGroup readers,
      int eventsPerSecond) {
    long connections = readers.live();
    Phase phase = new Phase(readers, server.figures());
    driver.openLoop(turn.measured(), eventsPerSecond);
    turn.measured(
        "sse/open",
        Map.of("connections", connections, "eventsPerSecond", (long) eventsPerSecond),
        phase.figures());
  }
}
