package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Topic;

/** The topics of the load. */
final class Topics {

  private Topics() {}

  static Topic numbered(int number) {
    return Topic.of("project/" + number + "/board");
  }
}
