package dev.eventbroker.benchmarks.sse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How the processors of this machine are shared out: one for the server, one for the load, where
 * there are two and {@code taskset}.
 *
 * @param serverProcessor of the server, or {@link #ANY}
 * @param driverProcessor of the load driver, or {@link #ANY}
 * @param note says in words how it is
 */
record Machine(int serverProcessor, int driverProcessor, String note) {

  /** Whichever the kernel chooses. */
  static final int ANY = -1;

  /** Raises the number of descriptors as far as it may go, and then becomes the command. */
  private static final List<String> MOST_FILES =
      List.of("/bin/sh", "-c", "ulimit -n $(ulimit -Hn) 2>/dev/null; exec \"$@\"", "sh");

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String ALLOWED = "Cpus_allowed_list:";

  /** Looks at this machine as this process may use it. */
  static Machine here() {
    List<Integer> processors = allowed();
    if (processors.size() < 2 || taskset().isEmpty()) {
      String why = processors.size() < 2 ? "fewer than two processors" : "no taskset";
      return new Machine(ANY, ANY, why + ": server and driver get in each other's way");
    }
    return new Machine(
        processors.get(0),
        processors.get(1),
        "server on processor " + processors.get(0) + ", driver on " + processors.get(1));
  }

  /** Returns what goes before the command of a server. */
  List<String> serverPrefix() {
    return prefix(serverProcessor);
  }

  /** Returns what goes before the command of the load driver. */
  List<String> driverPrefix() {
    return prefix(driverProcessor);
  }

  private static List<String> prefix(int processor) {
    List<String> prefix = new ArrayList<>(MOST_FILES);
    if (processor != ANY) {
      prefix.addAll(List.of(taskset(), "-c", Integer.toString(processor)));
    }
    return List.copyOf(prefix);
  }

  private static String taskset() {
    return Stream.of("/usr/bin/taskset", "/bin/taskset")
        .filter(path -> Files.isExecutable(Path.of(path)))
        .findFirst()
        .orElse("");
  }

  private static List<Integer> allowed() {
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith(ALLOWED))
          .flatMap(line -> Stream.of(line.substring(ALLOWED.length()).trim().split(",", -1)))
          .flatMapToInt(Machine::range)
          .boxed()
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static IntStream range(String range) {
    String[] ends = range.split("-", 2);
    return IntStream.rangeClosed(
        Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]));
  }
}
