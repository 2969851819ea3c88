package dev.eventbroker.sessions;

import dev.eventbroker.ArchitectureContract;

class ArchitectureTest extends ArchitectureContract {

  ArchitectureTest() {
    super("dev.eventbroker", "java.sql", "javax.sql", "org.slf4j", "org.jspecify");
  }
}
