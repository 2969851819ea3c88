package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;

/**
 * The rules that topics and filters share: how a name splits into levels, and what no level may
 * hold.
 */
final class Levels {

  private static final int QUOTED_AT_MOST = 80;

  private Levels() {}

  /** Splits a name, or says which rule it breaks. */
  static List<String> parse(String what, String name) {
    requireNonNull(name, what);
    if (name.isEmpty()) {
      throw invalid(what, name, "at least one level");
    }
    if (name.length() > Topic.MAX_BYTES || utf8Length(what, name) > Topic.MAX_BYTES) {
      throw invalid(what, name, "at most " + Topic.MAX_BYTES + " UTF-8 bytes");
    }
    List<String> levels = new ArrayList<>();
    int start = 0;
    for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', start)) {
      levels.add(name.substring(start, slash));
      start = slash + 1;
    }
    levels.add(name.substring(start));
    if (levels.size() > Topic.MAX_LEVELS) {
      throw invalid(what, name, "at most " + Topic.MAX_LEVELS + " levels");
    }
    if (levels.contains("")) {
      throw invalid(what, name, "no empty level");
    }
    return List.copyOf(levels);
  }

  static IllegalArgumentException invalid(String what, String name, String expected) {
    return new IllegalArgumentException(
        what + ": " + quoted(name) + " (expected: " + expected + ")");
  }

  private static int utf8Length(String what, String name) {
    int bytes = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (Character.isISOControl(c)) {
        throw invalid(what, name, "no control character");
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < name.length()
          && Character.isLowSurrogate(name.charAt(i + 1))) {
        i++;
        bytes += 4;
      } else if (Character.isSurrogate(c)) {
        throw invalid(what, name, "no unpaired surrogate");
      } else {
        bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
      }
    }
    return bytes;
  }

  /**
   * The name in quotes, cut to a bounded length, with nothing in it that could forge a log line.
   */
  private static String quoted(String name) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < Math.min(name.length(), QUOTED_AT_MOST); i++) {
      char c = name.charAt(i);
      quoted.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '\uFFFD' : c);
    }
    return quoted.append(name.length() > QUOTED_AT_MOST ? "…\"" : "\"").toString();
  }
}
