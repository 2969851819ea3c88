package dev.eventbroker.benchmarks.report;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** A file of results, one JSON object a line; only ever appended to. */
public final class ResultsFile {

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private final Path path;

  /** Names the file, which need not exist yet. */
  public ResultsFile(Path path) {
    this.path = path;
  }

  /** Returns which file it is. */
  public Path path() {
    return path;
  }

  /**
   * Adds a line, and has it on disk when it returns: a run that dies keeps what it measured.
   *
   * @throws UncheckedIOException if it can't be written
   */
  public void append(Result result) {
    try {
      Files.createDirectories(path.toAbsolutePath().getParent());
      Files.writeString(
          path,
          JSON.writeValueAsString(result) + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException("can't append to " + path, e);
    }
  }

  /**
   * Returns what the file holds, oldest first.
   *
   * @throws UncheckedIOException if it can't be read or a line is no result
   */
  public List<Result> read() {
    try (var lines = Files.lines(path)) {
      return lines.filter(line -> !line.isBlank()).map(this::parse).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("can't read " + path, e);
    }
  }

  private Result parse(String line) {
    try {
      return JSON.readValue(line, Result.class);
    } catch (IOException e) {
      throw new UncheckedIOException("not a result, in " + path + ": " + line, e);
    }
  }
}
