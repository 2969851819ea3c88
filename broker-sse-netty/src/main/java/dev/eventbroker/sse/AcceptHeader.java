package dev.eventbroker.sse;

import java.util.List;

/** Whether what a client accepts includes {@code text/event-stream}. */
final class AcceptHeader {

  /** How specific the full name is. */
  private static final int BY_NAME = 3;

  /** A digit, a point and three digits. */
  private static final int LONGEST_QUALITY = 5;

  private AcceptHeader() {}

  /**
   * Whether a stream is welcome: the most specific range that matches decides, and no header at all
   * accepts everything.
   */
  static boolean acceptsEventStream(List<String> values) {
    return accepts(values, 0, true);
  }

  /** Whether a stream is asked for by its name, as every event source does. */
  static boolean asksForEventStream(List<String> values) {
    return accepts(values, BY_NAME - 1, false);
  }

  /** What the ranges above that specificity say; if there are none, what holds without any. */
  private static boolean accepts(List<String> values, int above, boolean otherwise) {
    if (values.size() == 1 && values.get(0).equals("text/event-stream")) {
      return true; // as every event source says it: nothing to take apart
    }
    int decisive = 0;
    boolean welcome = false;
    boolean any = false;
    for (String value : values) {
      for (String range : value.split(",", -1)) {
        any |= !range.isBlank();
        String[] parts = range.split(";", -1);
        int specificity = specificity(parts[0].strip());
        if (specificity <= above || specificity < decisive) {
          continue;
        }
        String quality = quality(parts);
        if (!isQuality(quality)) {
          continue;
        }
        boolean positive = !isZero(quality);
        welcome = specificity == decisive ? welcome || positive : positive;
        decisive = specificity;
      }
    }
    return welcome || (otherwise && !any);
  }

  private static int specificity(String type) {
    if (type.equalsIgnoreCase("text/event-stream")) {
      return BY_NAME;
    }
    if (type.equalsIgnoreCase("text/*")) {
      return 2;
    }
    return type.equals("*/*") ? 1 : 0;
  }

  private static String quality(String[] parts) {
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].strip();
      if (parameter.regionMatches(true, 0, "q=", 0, 2)) {
        return parameter.substring(2);
      }
    }
    return "1";
  }

  /** A quality as RFC 9110 writes it; a range with another one says nothing. */
  private static boolean isQuality(String text) {
    if (text.isEmpty() || text.length() > LONGEST_QUALITY) {
      return false;
    }
    char whole = text.charAt(0);
    if ((whole != '0' && whole != '1') || (text.length() > 1 && text.charAt(1) != '.')) {
      return false;
    }
    char most = whole == '1' ? '0' : '9';
    for (int i = 2; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > most) {
        return false;
      }
    }
    return true;
  }

  private static boolean isZero(String quality) {
    for (int i = 0; i < quality.length(); i++) {
      if (quality.charAt(i) != '0' && quality.charAt(i) != '.') {
        return false;
      }
    }
    return true;
  }
}
