package dev.eventbroker.benchmarks;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Writes before each line how long it has been, and how long it will be: {@code [02:10 of 15:00]}.
 */
final class Progress extends FilterOutputStream {

  private final Clock clock;
  private final Instant began;
  private final Duration expected;
  private boolean atStart = true;

  private Progress(OutputStream out, Clock clock, Duration expected) {
    super(out);
    this.clock = clock;
    this.began = clock.instant();
    this.expected = expected;
  }

  /** Returns a stream that writes to another, from now on. */
  static PrintStream to(OutputStream out, Clock clock, Duration expected) {
    return new PrintStream(new Progress(out, clock, expected), true, StandardCharsets.UTF_8);
  }

  @Override
  public synchronized void write(int b) throws IOException {
    if (atStart) {
      Duration elapsed = Duration.between(began, clock.instant());
      String prefix = "[" + minutes(elapsed) + " of about " + minutes(expected) + "] ";
      out.write(prefix.getBytes(StandardCharsets.UTF_8));
    }
    atStart = b == '\n';
    out.write(b);
  }

  /** Minutes may be more than 60: nobody has to add up hours. */
  private static String minutes(Duration duration) {
    long seconds = duration.toSeconds();
    String two = seconds % 60 < 10 ? "0" : "";
    return seconds / 60 + ":" + two + seconds % 60;
  }
}
