package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The matrix in the documentation and the tests say the same of each other. */
class FaultMatrixTest {

  private static final Path MATRIX = Path.of("..", "docs", "postgres-faults.md");
  private static final int ROWS = 34;

  /** {@code | 7 | fault | expected | `Class.method`, `Class.method` |}. */
  private static final Pattern LINE = Pattern.compile("^\\| (\\d+) \\|.*\\|([^|]*)\\|$");

  private static final Pattern TEST = Pattern.compile("`(\\w+\\.\\w+)`");

  @Test
  void everyRowNamesItsTestsAndEveryTestItsRow() throws Exception {
    Map<Integer, Set<String>> written = new TreeMap<>();
    Set<Integer> elsewhere = new TreeSet<>();
    for (String line : Files.readAllLines(MATRIX)) {
      Matcher row = LINE.matcher(line);
      if (row.matches()) {
        int number = Integer.parseInt(row.group(1));
        if (row.group(2).contains("broker-sessions")) {
          elsewhere.add(number);
        } else {
          TEST.matcher(row.group(2))
              .results()
              .forEach(
                  test -> written.computeIfAbsent(number, n -> new TreeSet<>()).add(test.group(1)));
        }
      }
    }

    assertThat(written).isEqualTo(tests());
    Set<Integer> all = new TreeSet<>(written.keySet());
    all.addAll(elsewhere);
    assertThat(all).hasSize(ROWS);
  }

  private static Map<Integer, Set<String>> tests() throws IOException, URISyntaxException {
    Path classes =
        Path.of(FaultMatrixTest.class.getResource("FaultMatrixTest.class").toURI()).getParent();
    Map<Integer, Set<String>> tests = new TreeMap<>();
    try (Stream<Path> files = Files.list(classes)) {
      for (Path file : files.filter(file -> file.toString().endsWith("Test.class")).toList()) {
        collect(classNamed(file.getFileName().toString().replace(".class", "")), tests);
      }
    }
    return tests;
  }

  private static Class<?> classNamed(String name) {
    try {
      return Class.forName(FaultMatrixTest.class.getPackageName() + "." + name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static void collect(Class<?> type, Map<Integer, Set<String>> tests) {
    for (Method method : type.getDeclaredMethods()) {
      Row rows = method.getAnnotation(Row.class);
      if (rows != null) {
        for (int row : rows.value()) {
          tests
              .computeIfAbsent(row, n -> new TreeSet<>())
              .add(type.getSimpleName() + "." + method.getName());
        }
      }
    }
  }
}
