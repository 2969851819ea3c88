package dev.eventbroker.benchmarks;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What there is to measure with.
 *
 * @param processors how many this process may use
 * @param searchPath where commands are looked for, as {@code PATH}
 */
record Machine(int processors, String searchPath) {

  /** Returns this one. */
  static Machine here() {
    return new Machine(
        Runtime.getRuntime().availableProcessors(),
        Optional.ofNullable(System.getenv("PATH")).orElse(""));
  }

  /** Returns what stands in the way of comparing a server with another, if anything does. */
  Optional<String> missing() {
    if (processors < 2) {
      return Optional.of(
          "processors: "
              + processors
              + " (expected: >= 2, one for the server and one for its load)");
    }
    boolean pins =
        Stream.of(Pattern.compile(File.pathSeparator, Pattern.LITERAL).split(searchPath))
            .filter(directory -> !directory.isEmpty())
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "taskset")));
    return pins
        ? Optional.empty()
        : Optional.of("taskset: not found (expected: on the PATH, to keep server and load apart)");
  }
}
