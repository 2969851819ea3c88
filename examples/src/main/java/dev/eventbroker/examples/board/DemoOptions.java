package dev.eventbroker.examples.board;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * What the command line says.
 *
 * @param port of the first node; 0 for any free one
 * @param port2 of the second node; 0 for any free one
 * @param jdbcUrl of an existing Postgres; empty for an embedded one
 * @param pace how fast what is gone is noticed
 * @param help whether only the usage is asked for
 */
record DemoOptions(int port, int port2, Optional<String> jdbcUrl, Pace pace, boolean help) {

  static final String USAGE =
      """
      usage: java -jar board.jar [--port N] [--port2 N] [--postgres embedded|<jdbc url>]
                                 [--heartbeat S] [--session-timeout S] [--stream-lifetime S]
        --port N      port of the first node (default 8080; 0: any free port)
        --port2 N     port of the second node (default 8081; 0: any free port)
        --postgres    embedded (default), or the address of a database to use, such as
                      jdbc:postgresql://localhost/board?user=me&password=secret
        --heartbeat S        seconds between touches of locks (default 30)
        --session-timeout S  seconds that a lock lasts without one (default 900)
        --stream-lifetime S  seconds until a stream ends and has to come back (default 1800)""";

  private static final List<String> NAMES =
      List.of(
          "--port",
          "--port2",
          "--postgres",
          "--heartbeat",
          "--session-timeout",
          "--stream-lifetime");
  private static final int MAX_PORT = 65_535;
  private static final int MAX_SECONDS = 86_400;

  /**
   * Reads the arguments.
   *
   * @throws IllegalArgumentException if one is unknown, has no value, or a wrong one
   */
  static DemoOptions parse(String[] args) {
    DemoOptions options = new DemoOptions(8080, 8081, Optional.empty(), Pace.DEFAULT, false);
    Iterator<String> rest = List.of(args).iterator();
    while (rest.hasNext()) {
      String name = rest.next();
      if (name.equals("--help") || name.equals("-h")) {
        return new DemoOptions(options.port, options.port2, options.jdbcUrl, options.pace, true);
      }
      if (!NAMES.contains(name)) {
        throw new IllegalArgumentException(
            name + ": unknown (expected: one of " + String.join(", ", NAMES) + ")");
      }
      if (!rest.hasNext()) {
        throw new IllegalArgumentException(name + ": no value (expected: one)");
      }
      options = options.with(name, rest.next());
    }
    if (options.port == options.port2 && options.port != 0) {
      throw new IllegalArgumentException(
          "--port2: " + options.port2 + " (expected: another than --port)");
    }
    return options;
  }

  private DemoOptions with(String name, String value) {
    return switch (name) {
      case "--port" -> new DemoOptions(port(name, value), port2, jdbcUrl, pace, help);
      case "--port2" -> new DemoOptions(port, port(name, value), jdbcUrl, pace, help);
      case "--postgres" -> new DemoOptions(port, port2, url(name, value), pace, help);
      case "--heartbeat" -> with(pace.withHeartbeat(seconds(name, value)));
      case "--session-timeout" -> with(pace.withSessionTimeout(seconds(name, value)));
      default -> with(pace.withStreamLifetime(seconds(name, value)));
    };
  }

  private DemoOptions with(Pace newPace) {
    return new DemoOptions(port, port2, jdbcUrl, newPace, help);
  }

  private static Duration seconds(String name, String value) {
    try {
      int seconds = Integer.parseInt(value);
      if (seconds >= 1 && seconds <= MAX_SECONDS) {
        return Duration.ofSeconds(seconds);
      }
    } catch (NumberFormatException e) {
      // It is told with the others, below.
    }
    throw new IllegalArgumentException(
        name + ": " + value + " (expected: 1 to " + MAX_SECONDS + " seconds)");
  }

  private static int port(String name, String value) {
    try {
      int port = Integer.parseInt(value);
      if (port >= 0 && port <= MAX_PORT) {
        return port;
      }
    } catch (NumberFormatException e) {
      // It is told with the others, below.
    }
    throw new IllegalArgumentException(name + ": " + value + " (expected: 0 to " + MAX_PORT + ")");
  }

  private static Optional<String> url(String name, String value) {
    if (value.equals("embedded")) {
      return Optional.empty();
    }
    if (!value.startsWith("jdbc:postgresql:")) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: embedded or jdbc:postgresql:...)");
    }
    return Optional.of(value);
  }
}
