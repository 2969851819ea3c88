package dev.eventbroker.benchmarks.sse;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Many clients come back at once, each with the id of the last event that it has seen and a hundred
 * behind, while others read live: a network came back, or a node was restarted. It happens {@value
 * #STORMS} times to the same server: the first one meets code that has hardly run, the last one a
 * server that has been up for a while.
 */
final class StormScenario implements Scenario {

  private static final int BEHIND = 100;

  private static final int STORMS = 3;

  /** Those of the missed events that come by the clock, so that the others' quiet is measured. */
  private static final int QUIET_EVENTS = 40;

  /** A third of what one processor can do for all of them when they are back. */
  private static final int EVENTS_PER_SECOND = 5;

  private static final Duration LIVE_WITHIN = Duration.ofSeconds(60);

  /** So many connect between two looks at the sockets; nobody waits for headers. */
  private static final int AT_ONCE = LoadDriver.OPENING_AT_ONCE;

  private final int returning;
  private final int live;

  /**
   * What is measured.
   *
   * @param returning how many come back
   * @param live how many have been there all the time
   */
  StormScenario(int returning, int live) {
    this.returning = returning;
    this.live = live;
  }

  @Override
  public void run(Turn turn) {
    Payloads payloads = turn.payloads();
    try (ServerProcess server = turn.start();
        LoadDriver driver = turn.drive(server, payloads)) {
      ReaderGroup staying = driver.group();
      ReaderGroup leaving = driver.group();
      var unused = driver.open(staying, live, i -> Origin.FRESH, server.figures());
      unused = driver.open(leaving, returning, i -> Origin.FRESH, server.figures());
      Cursor.Remembering cursor = new Cursor.Remembering();
      staying.readers().get(0).stream().remember(cursor);
      driver.closedLoop(turn.warmUp(), 1);
      for (int before = 0; before < STORMS; before++) {
        leaving.vanish(0, leaving.readers().size());
        long last = payloads.published();
        // Closing that many is some work too, and none of what is asked about.
        driver.run(Duration.ofSeconds(1));
        driver.closedLoop(1, () -> payloads.published() >= last + BEHIND - QUIET_EVENTS);
        Phase quiet = new Phase(staying, server.figures());
        driver.openLoop(
            Duration.ofSeconds(1).multipliedBy(QUIET_EVENTS).dividedBy(EVENTS_PER_SECOND),
            EVENTS_PER_SECOND);
        double quietMillis = quiet.millis(99);
        // The clock may have ended just before the last of them.
        driver.closedLoop(1, () -> payloads.published() >= last + BEHIND);
        Map<String, Long> parameters =
            Map.of(
                "returning",
                (long) returning,
                "behind",
                (long) BEHIND,
                "live",
                (long) live,
                "before",
                (long) before);
        Origin origin = Origin.resuming(cursor.idOf(last), last);
        Phase during = new Phase(staying, server.figures());
        leaving = driver.group();
        Phase storm = new Phase(leaving, server.figures());
        driver.publishEvery(Duration.ofSeconds(1).dividedBy(EVENTS_PER_SECOND));
        double seconds = comeBack(driver, leaving, origin);
        boolean whole = driver.stopPublishing();
        turn.measured(
            "sse/storm",
            parameters,
            figures(during.figures(), storm.figures(), quietMillis, seconds));
        if (!whole) {
          throw new IllegalStateException("events did not come");
        }
      }
    }
  }

  /** Returns after how many seconds every one has what it missed and an event that is new. */
  private double comeBack(LoadDriver driver, ReaderGroup back, Origin origin) {
    long start = System.nanoTime();
    for (int i = 0; i < returning; i++) {
      Reader unused = driver.connect(back, origin);
      if (i % AT_ONCE == 0) {
        driver.look();
      }
    }
    List<Reader> readers = back.readers();
    // Those that are live stay so: each look goes on where the last one stopped.
    int[] known = {0};
    boolean all =
        driver.await(
            LIVE_WITHIN,
            () -> {
              while (known[0] < returning && readers.get(known[0]).isLive()) {
                known[0]++;
              }
              return known[0] == returning;
            });
    if (!all) {
      throw new IllegalStateException(
          (returning - known[0])
              + " or fewer are not live; refused: "
              + back.refused()
              + " "
              + back.refusal()
              + ", closed: "
              + back.closedByServer());
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private static Map<String, Double> figures(
      Map<String, Double> staying, Map<String, Double> back, double quietMillis, double seconds) {
    Map<String, Double> figures = new HashMap<>();
    figures.put("secondsUntilAllLive", seconds);
    figures.put("p99MillisQuiet", quietMillis);
    figures.put("p99MillisDuring", staying.get("p99Millis"));
    figures.put("maxMillisDuring", staying.get("maxMillis"));
    figures.put("serverBusy", staying.get("serverBusy"));
    figures.put("clientBusy", staying.get("clientBusy"));
    for (String name :
        List.of("lost", "duplicated", "disordered", "damaged", "gaps", "closedByServer")) {
      figures.put(name, staying.get(name) + back.get(name));
    }
    return figures;
  }
}
