package dev.eventbroker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.nio.file.Path;
import java.util.Date;
import java.util.List;
import java.util.Set;

/** What holds for the classes of every module; a module's {@code ArchitectureTest} says which. */
public final class ArchitectureRules {

  private static final String CORE = "dev.eventbroker";
  private static final List<String> BUILT_ON_CORE =
      List.of("dev.eventbroker.sse", "dev.eventbroker.pg", "dev.eventbroker.sessions");

  /** Reading the clock by one of these names is fixed to the machine's time. */
  private static final Set<String> SYSTEM_CLOCK_READS = Set.of("currentTimeMillis", "nanoTime");

  private ArchitectureRules() {}

  /** The module's own main classes, without the tests and without what it depends on. */
  public static JavaClasses mainClasses() {
    return compiled("classes");
  }

  /** The module's own test classes. */
  public static JavaClasses testClasses() {
    return compiled("test-classes");
  }

  /** No two packages below {@code rootPackage} need each other, directly or by way of others. */
  public static ArchRule noPackageCircles(String rootPackage) {
    return slices()
        .assignedFrom(new PackagesBelow(rootPackage))
        .should()
        .beFreeOfCycles()
        // A module may well have no package but its root.
        .allowEmptyShould(true);
  }

  /** No two top-level classes need each other; a nested class is a part of its top-level class. */
  public static ArchRule noClassCircles() {
    return slices().assignedFrom(new TopLevelClasses()).should().beFreeOfCycles();
  }

  /** Waiting is for a condition, never for a duration. */
  public static ArchRule noSleep() {
    return noClasses()
        .should()
        .accessTargetWhere(isSleep())
        .because("a sleep is a race with a delay")
        .allowEmptyShould(true);
  }

  /**
   * Only builders may reach for the machine's clock, as the default of the one that is injected.
   */
  public static ArchRule timeIsInjected() {
    return noClasses()
        .that()
        .haveSimpleNameNotEndingWith("Builder")
        .should()
        .accessTargetWhere(readsSystemTime())
        .because("time comes in from outside, so that tests can turn the clock");
  }

  /**
   * The classes need each other, the packages of {@code java.base} and those that start with one of
   * {@code packagePrefixes}. {@code dev.eventbroker} stands for the core alone, not for the modules
   * built on it.
   */
  public static ArchRule dependOnlyOn(JavaClasses own, String... packagePrefixes) {
    return classes().should().onlyDependOnClassesThat(isAllowed(own, List.of(packagePrefixes)));
  }

  private static JavaClasses compiled(String directory) {
    // Surefire says where the module is; an IDE starts tests in its directory.
    Path module = Path.of(System.getProperty("basedir", ""));
    return new ClassFileImporter().importPath(module.resolve("target").resolve(directory));
  }

  private static DescribedPredicate<JavaAccess<?>> isSleep() {
    return DescribedPredicate.describe(
        "is a sleep",
        access ->
            access.getTarget().getName().equals("sleep")
                && (isOwnedBy(access, "java.lang.Thread")
                    || isOwnedBy(access, "java.util.concurrent.TimeUnit")));
  }

  private static DescribedPredicate<JavaAccess<?>> readsSystemTime() {
    return DescribedPredicate.describe(
        "reads the machine's clock",
        access -> {
          AccessTarget target = access.getTarget();
          if (isOwnedBy(access, "java.lang.System")) {
            return SYSTEM_CLOCK_READS.contains(target.getName());
          }
          if (isOwnedBy(access, Date.class.getName())) {
            return target.getFullName().endsWith("<init>()");
          }
          return target.getOwner().getPackageName().equals("java.time") && isNow(target);
        });
  }

  /**
   * Of {@code now(…)} only {@code now(Clock)} is told the time; {@code systemUTC()} asks for it.
   */
  private static boolean isNow(AccessTarget target) {
    boolean now = target.getName().equals("now") && !target.getFullName().contains("Clock)");
    boolean clock = target.getName().startsWith("system") || target.getName().startsWith("tick");
    return now || (clock && !target.getFullName().contains("(java.time.Clock"));
  }

  private static boolean isOwnedBy(JavaAccess<?> access, String className) {
    return access.getTarget().getOwner().isAssignableTo(className);
  }

  private static DescribedPredicate<JavaClass> isAllowed(JavaClasses own, List<String> prefixes) {
    Set<String> javaBase = Object.class.getModule().getPackages();
    return DescribedPredicate.describe(
        "are the module's own, of java.base or in " + prefixes,
        type -> {
          JavaClass target = type.getBaseComponentType();
          String packageName = target.getPackageName();
          return target.isPrimitive()
              || own.contain(target.getName())
              || javaBase.contains(packageName)
              || prefixes.stream().anyMatch(prefix -> reaches(prefix, packageName));
        });
  }

  private static boolean reaches(String prefix, String packageName) {
    if (prefix.equals(CORE) && BUILT_ON_CORE.stream().anyMatch(m -> isWithin(m, packageName))) {
      return false;
    }
    return isWithin(prefix, packageName);
  }

  private static boolean isWithin(String prefix, String packageName) {
    return packageName.equals(prefix) || packageName.startsWith(prefix + ".");
  }

  private record PackagesBelow(String root) implements SliceAssignment {

    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      String packageName = type.getPackageName();
      return packageName.startsWith(root + ".")
          ? SliceIdentifier.of(packageName)
          : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "packages below " + root;
    }
  }

  private record TopLevelClasses() implements SliceAssignment {

    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      JavaClass topLevel = type;
      while (topLevel.getEnclosingClass().isPresent()) {
        topLevel = topLevel.getEnclosingClass().get();
      }
      return SliceIdentifier.of(topLevel.getName());
    }

    @Override
    public String getDescription() {
      return "top-level classes";
    }
  }
}
