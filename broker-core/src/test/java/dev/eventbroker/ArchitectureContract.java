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
import org.junit.jupiter.api.TestInstance;

/**
 * What holds in every published module; a module's {@code ArchitectureTest} says what it may need
 * besides the JDK.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS) // reading all classes once is enough
public abstract class ArchitectureContract {

  private final JavaClasses main = mainClasses();
  private final String[] needed;

  /** For the module whose root package is that of the subclass. */
  protected ArchitectureContract(String... needed) {
    this.needed = needed.clone();
  }

  @Test
  void needsNoMoreThanItSays() {
    dependOnlyOn(main, needed).check(main);
  }

  @Test
  void noTwoPackagesNeedEachOther() {
    noPackageCircles(getClass().getPackageName()).check(main);
  }

  @Test
  void noTwoTopLevelClassesNeedEachOther() {
    noClassCircles().check(main);
  }

  @Test
  void timeComesInFromOutside() {
    timeIsInjected().check(main);
  }

  @Test
  void mainCodeNeverSleeps() {
    noSleep().check(main);
  }

  @Test
  void testsNeverSleep() {
    noSleep().check(testClasses());
  }
}
