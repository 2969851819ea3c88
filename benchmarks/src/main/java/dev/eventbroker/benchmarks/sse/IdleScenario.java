package dev.eventbroker.benchmarks.sse;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * As many connections as the machine allows, on which nothing happens but heartbeats, at a server
 * that has had many connections before. So what is told of opening them is what they cost on the
 * days after the first minute; and memory is compared with that of a server which has touched what
 * a JVM keeps for garbage, and not with that of one which never had any.
 */
final class IdleScenario implements Scenario {

  /** They stay, and receive something. */
  private static final int AT_FIRST = 100;

  /** That many come and go again, so many times, before anything is measured. */
  private static final int COMING_AND_GOING = 1000;

  /** After thirty, half of what a connection costs a JVM is still its compiler's. */
  private static final int TIMES = 100;

  /** Of those that stay idle, whose headers are waited for by the clock. */
  private static final int TIMED = 10_000;

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
      int before = AT_FIRST + comeAndGo(driver, process);
      double heapBefore = java ? process.heapKibAfterFullCollection() : 0;
      double rssBefore = process.rssKib();
      int timed = Math.min(TIMED, count);
      Opening opening = driver.open(idle, timed, i -> origin(i), process);
      turn.measured("sse/opening", Opening.parameters(timed, before), opening.figures());
      unused = driver.open(idle, count - timed, i -> origin(timed + i), process);
      double heap = java ? process.heapKibAfterFullCollection() - heapBefore : 0;
      double rss = process.rssKib() - rssBefore;
      Map<String, Double> figures = new HashMap<>();
      figures.put("rssKibPerConnection", rss / count);
      if (java) {
        figures.put("heapKibPerConnection", heap / count);
      }
      if (Plan.isOurs(turn.contender())) {
        double cpuBefore = process.cpuSeconds();
        driver.run(IDLE);
        figures.put("busyWithHeartbeats", (process.cpuSeconds() - cpuBefore) / IDLE.toSeconds());
      }
      figures.put("closedByServer", (double) idle.closedByServer());
      turn.measured("sse/idle", Map.of("connections", (long) count), figures);
    }
  }

  private static int comeAndGo(LoadDriver driver, ProcessFigures process) {
    ReaderGroup passing = driver.group();
    for (int i = 0; i < TIMES; i++) {
      var unused = driver.open(passing, COMING_AND_GOING, each -> Origin.FRESH, process);
      passing.vanish(0, COMING_AND_GOING);
    }
    // The server sees the last of them go.
    driver.run(Duration.ofSeconds(1));
    return TIMES * COMING_AND_GOING;
  }

  private static Origin origin(int connection) {
    return Origin.loopback(1 + connection / PER_ADDRESS);
  }
}
