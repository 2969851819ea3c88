package dev.eventbroker.benchmarks.sse;

/** Something that is measured of each contender in its turn. */
interface Scenario {

  /**
   * Starts the contender's server, loads it and stores what is measured.
   *
   * @throws IllegalStateException if the server does not do what it should: the others go on
   */
  void run(Turn turn);
}
