package dev.eventbroker.benchmarks.sse;

import java.util.HashMap;
import java.util.Map;

/**
 * Very many events while connections come and go and some never read: whether the server's memory
 * stays what it was.
 */
final class SoakScenario implements Scenario {

  private static final int CONNECTIONS = 20;
  private static final int STALLED = 2;
  private static final int BURST = 64;

  /** Each time, the half of the readers that has been there for longest goes, and all who stall. */
  private static final int TIMES = 100;

  private final long events;

  /** What is measured: that many events, to {@value #CONNECTIONS} connections each. */
  SoakScenario(long events) {
    this.events = events;
  }

  @Override
  public void run(Turn turn) {
    Payloads payloads = turn.payloads();
    try (ServerProcess server = turn.start();
        LoadDriver driver = turn.drive(server, payloads)) {
      ReaderGroup readers = driver.group();
      ReaderGroup stalled = driver.group();
      Map<String, Double> figures = new HashMap<>();
      // What a log and its buffers hold when they are full is no growth.
      long warm = events / 10;
      part(driver, payloads, readers, stalled, warm, server);
      MemoryWatch memory = new MemoryWatch(server.figures());
      driver.watch(memory);
      memory(figures, "Start", turn, server);
      Phase phase = new Phase(readers, server.figures());
      part(driver, payloads, readers, stalled, events / 2, server);
      memory(figures, "Middle", turn, server);
      part(driver, payloads, readers, stalled, events - events / 2, server);
      figures.putAll(phase.figures());
      memory(figures, "End", turn, server);
      figures.put("rssPeakMib", memory.peakMib());
      turn.measured(
          "sse/soak", Map.of("events", events, "connections", (long) CONNECTIONS), figures);
    }
  }

  private static void part(
      LoadDriver driver,
      Payloads payloads,
      ReaderGroup readers,
      ReaderGroup stalled,
      long count,
      ServerProcess server) {
    for (int i = 0; i < TIMES; i++) {
      readers.vanish(0, readers.readers().size() / 2);
      stalled.vanish(0, stalled.readers().size());
      var unused =
          driver.open(
              readers, CONNECTIONS - readers.live(), each -> Origin.FRESH, server.figures());
      unused = driver.open(stalled, STALLED, each -> Origin.STALLING, server.figures());
      long until = payloads.published() + count / TIMES;
      if (!driver.closedLoop(BURST, () -> payloads.published() >= until)) {
        throw new IllegalStateException("events did not come");
      }
    }
  }

  private static void memory(
      Map<String, Double> figures, String when, Turn turn, ServerProcess server) {
    ProcessFigures process = server.figures();
    if (turn.contender().java()) {
      figures.put("heapMib" + when, process.heapKibAfterFullCollection() / 1024.0);
    }
    figures.put("rssMib" + when, process.rssKib() / 1024.0);
  }
}
