package dev.eventbroker.benchmarks.sse;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** As many connections as the machine allows, on which nothing happens but heartbeats. */
final class IdleScenario implements Scenario {

  /** Enough to have every class loaded and every pool filled before memory is compared. */
  private static final int AT_FIRST = 100;

  private static final int PER_ADDRESS = 4000;

  /** Descriptors that server and driver need for other things. */
  private static final int SPARE = 200;

  /** Two heartbeats of each connection. */
  private static final Duration IDLE = Duration.ofSeconds(32);

  private final int connections;

  /**
   * What is measured.
   *
   * @param connections at most; fewer if a process may not have as many open
   */
  IdleScenario(int connections) {
    this.connections = connections;
  }

  @Override
  public void run(Turn turn) {
    int count = (int) Math.min(connections, ProcessFigures.mostFiles() - SPARE - AT_FIRST);
    if (count < connections) {
      turn.say("only " + count + " connections: no process may have more open");
    }
    boolean java = turn.contender().java();
    try (ServerProcess server = turn.start();
        LoadDriver driver = turn.drive(server, turn.payloads())) {
      ReaderGroup warm = driver.group();
      ReaderGroup idle = driver.group();
      ProcessFigures process = server.figures();
      var unused = driver.open(warm, AT_FIRST, i -> Origin.FRESH, process);
      driver.closedLoop(turn.warmUpAgain(), 1);
      double heapBefore = java ? process.heapKibAfterFullCollection() : 0;
      double rssBefore = process.rssKib();
      Opening opening =
          driver.open(idle, count, i -> Origin.loopback(1 + i / PER_ADDRESS), process);
      double heap = java ? process.heapKibAfterFullCollection() - heapBefore : 0;
      double rss = process.rssKib() - rssBefore;
      Map<String, Double> figures = new HashMap<>();
      figures.put("rssKibPerConnection", rss / count);
      if (java) {
        figures.put("heapKibPerConnection", heap / count);
      }
      figures.put("openingSeconds", opening.seconds());
      if (Plan.isOurs(turn.contender())) {
        double cpuBefore = process.cpuSeconds();
        driver.run(IDLE);
        figures.put("busyWithHeartbeats", (process.cpuSeconds() - cpuBefore) / IDLE.toSeconds());
      }
      figures.put("closedByServer", (double) idle.closedByServer());
      turn.measured("sse/idle", Map.of("connections", (long) count), figures);
    }
  }
}
