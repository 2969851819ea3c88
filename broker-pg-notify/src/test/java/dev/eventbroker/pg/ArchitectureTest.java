package dev.eventbroker.pg;

import dev.eventbroker.ArchitectureContract;

class ArchitectureTest extends ArchitectureContract {

  ArchitectureTest() {
    super(
        "dev.eventbroker",
        "java.sql",
        "javax.sql",
        "org.postgresql",
        "com.fasterxml.jackson.core",
        "org.slf4j",
        "org.jspecify");
  }
}
