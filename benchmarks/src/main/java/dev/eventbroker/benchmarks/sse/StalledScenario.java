package dev.eventbroker.benchmarks.sse;

import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The closed and the open loop beside connections that never read, whose sockets are full by the
 * time that anything is measured; and the very same without them.
 */
final class StalledScenario implements Scenario {

  private static final int CONNECTIONS = 1000;
  private static final int STALLED = CONNECTIONS / 100;
  private static final int EVENTS_PER_SECOND = 50;

  /** So few read while the sockets of the others are filled: those are all there from the start. */
  private static final int READERS_AT_FIRST = 90;

  /** Longer events fill them sooner; nginx writes a request to disk from 16 KiB on. */
  private static final int FILLING_BYTES = 8 * 1024;

  /** More than a socket takes on both sides where nobody reads: Linux allows 4 MiB for sending. */
  private static final long FILLED_BYTES = 12L << 20;

  private static final Duration LOOK_AGAIN_FOR = Duration.ofSeconds(3);

  @Override
  public void run(Turn turn) {
    run(turn, 0);
    run(turn, STALLED);
  }

  private static void run(Turn turn, int stalledCount) {
    Payloads payloads = turn.payloads();
    try (ServerProcess server = turn.start();
        LoadDriver driver = turn.drive(server, payloads)) {
      ReaderGroup stalled = driver.group();
      ReaderGroup readers = driver.group();
      if (stalledCount > 0) {
        var unused = driver.open(stalled, stalledCount, i -> Origin.STALLING, server.figures());
      }
      open(driver, readers, READERS_AT_FIRST, server);
      driver.closedLoop(turn.warmUpAgain(), 1);
      MemoryWatch memory = new MemoryWatch(server.figures());
      driver.watch(memory);
      fill(driver, payloads);
      open(driver, readers, CONNECTIONS - stalledCount - readers.live(), server);
      driver.closedLoop(turn.warmUp(), 1);
      Phase closed = new Phase(readers, server.figures());
      boolean whole = driver.closedLoop(turn.measured(), 1);
      Map<String, Double> figures = new HashMap<>(closed.figures());
      Phase open = new Phase(readers, server.figures());
      boolean wholeToo = driver.openLoop(turn.measured(), EVENTS_PER_SECOND);
      addOpen(figures, open.figures());
      figures.put("rssStartMib", memory.startMib());
      figures.put("rssPeakMib", memory.peakMib());
      figures.put("stalledClosed", (double) closedByNow(driver, stalled));
      turn.measured(
          "sse/stalled",
          Map.of("connections", (long) CONNECTIONS, "stalled", (long) stalledCount),
          figures);
      if (!whole || !wholeToo) {
        throw new IllegalStateException("events did not come");
      }
    }
  }

  private static void open(
      LoadDriver driver, ReaderGroup readers, int count, ServerProcess server) {
    var unused = driver.open(readers, count, i -> Origin.FRESH, server.figures());
  }

  private static void fill(LoadDriver driver, Payloads payloads) {
    payloads.resize(FILLING_BYTES);
    long enough = payloads.published() + FILLED_BYTES / FILLING_BYTES;
    driver.closedLoop(1, () -> payloads.published() >= enough);
    payloads.resize(Turn.PAYLOAD_BYTES);
  }

  /** What is wrong in one of the two loops is wrong in the measurement. */
  private static void addOpen(Map<String, Double> figures, Map<String, Double> open) {
    for (String name : new String[] {"p50Millis", "p99Millis", "p999Millis", "maxMillis"}) {
      figures.put(
          "open" + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1),
          open.get(name));
    }
    for (String name : new String[] {"lost", "duplicated", "disordered", "damaged", "gaps"}) {
      figures.merge(name, open.get(name), Double::sum);
    }
  }

  /** A connection that was closed tells only those who read it. */
  private static int closedByNow(LoadDriver driver, ReaderGroup stalled) {
    stalled.readers().forEach(Reader::readAgain);
    driver.await(LOOK_AGAIN_FOR, () -> stalled.closedByServer() == stalled.readers().size());
    return stalled.closedByServer();
  }
}
