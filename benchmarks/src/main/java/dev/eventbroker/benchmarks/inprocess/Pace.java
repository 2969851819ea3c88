package dev.eventbroker.benchmarks.inprocess;

import java.time.Duration;

/**
 * How long one measurement takes: one JVM of its own, and in it some iterations that don't count
 * and some that do.
 *
 * @param warmups iterations that don't count
 * @param iterations those that do
 * @param each how long an iteration is
 */
record Pace(int warmups, int iterations, Duration each) {

  /**
   * 3.5 s of work in about 4.5 s. The compiler is done within the first second and a half; half a
   * second is some ten to a thousand batches of the slowest peer, and millions of the fastest.
   */
  static final Pace USUAL = new Pace(3, 4, Duration.ofMillis(500));

  /** 5 s of work: there are but a few, and a build fails by them. */
  static final Pace CAREFUL = new Pace(4, 6, Duration.ofMillis(500));
}
