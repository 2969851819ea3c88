package dev.eventbroker.benchmarks.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** The ratios on record: a JSON array, an entry a line, so that a change of one is a line. */
public final class GuardFile {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path path;

  /** Names the file. */
  public GuardFile(Path path) {
    this.path = path;
  }

  /**
   * Returns what is on record.
   *
   * @throws UncheckedIOException if it can't be read
   * @throws IllegalArgumentException if nothing is on record: a guard of nothing guards nothing
   */
  public List<Guard.Entry> read() {
    List<Guard.Entry> entries;
    try {
      entries = List.of(JSON.readValue(Files.readString(path), Guard.Entry[].class));
    } catch (IOException e) {
      throw new UncheckedIOException("can't read " + path, e);
    }
    if (entries.isEmpty()) {
      throw new IllegalArgumentException(
          path + ": nothing on record (expected: an entry at least)");
    }
    return entries;
  }

  /**
   * Puts these on record, and nothing else.
   *
   * @throws UncheckedIOException if it can't be written
   */
  public void write(Collection<Guard.Entry> entries) {
    String lines =
        entries.stream()
            .map(GuardFile::line)
            .collect(Collectors.joining(",\n  ", "[\n  ", "\n]\n"));
    try {
      Files.writeString(path, lines);
    } catch (IOException e) {
      throw new UncheckedIOException("can't write " + path, e);
    }
  }

  private static String line(Guard.Entry entry) {
    try {
      return JSON.writeValueAsString(entry);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("can't write " + entry, e);
    }
  }
}
