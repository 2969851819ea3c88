package dev.eventbroker.sse;

import dev.eventbroker.ArchitectureContract;

class ArchitectureTest extends ArchitectureContract {

  ArchitectureTest() {
    super("dev.eventbroker", "io.netty", "org.slf4j", "org.jspecify");
  }
}
