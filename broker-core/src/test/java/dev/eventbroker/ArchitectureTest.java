package dev.eventbroker;

import static dev.eventbroker.ArchitectureRules.dependOnlyOn;
import static dev.eventbroker.ArchitectureRules.mainClasses;
import static dev.eventbroker.ArchitectureRules.noClassCircles;
import static dev.eventbroker.ArchitectureRules.noPackageCircles;
import static dev.eventbroker.ArchitectureRules.noSleep;
import static dev.eventbroker.ArchitectureRules.testClasses;
import static dev.eventbroker.ArchitectureRules.timeIsInjected;

import com.tngtech.archunit.core.domain.JavaClasses;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  private static final JavaClasses MAIN = mainClasses();

  @Test
  void needsNoMoreThanTheJdkAndALogger() {
    dependOnlyOn(MAIN, "org.slf4j", "org.jspecify").check(MAIN);
  }

  @Test
  void noTwoPackagesNeedEachOther() {
    noPackageCircles("dev.eventbroker").check(MAIN);
  }

  @Test
  void noTwoTopLevelClassesNeedEachOther() {
    noClassCircles().check(MAIN);
  }

  @Test
  void timeComesInFromOutside() {
    timeIsInjected().check(MAIN);
  }

  @Test
  void mainCodeNeverSleeps() {
    noSleep().check(MAIN);
  }

  @Test
  void testsNeverSleep() {
    noSleep().check(testClasses());
  }
}
