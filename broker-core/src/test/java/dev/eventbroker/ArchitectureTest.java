package dev.eventbroker;

class ArchitectureTest extends ArchitectureContract {

  ArchitectureTest() {
    super("org.slf4j", "org.jspecify");
  }
}
