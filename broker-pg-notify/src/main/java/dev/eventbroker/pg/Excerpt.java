package dev.eventbroker.pg;

/** The beginning of foreign text, fit for a line of a log: short, and of one line. */
final class Excerpt {

  /** Stands for what would start another line, or tell a terminal what to do. */
  private static final int REPLACEMENT = '\uFFFD';

  private Excerpt() {}

  /** At most that many characters of it, and an ellipsis if there are more. */
  static String of(String text, int length) {
    StringBuilder excerpt = new StringBuilder(Math.min(text.length(), length) + 1);
    text.codePoints()
        .limit(length)
        .map(point -> isHarmless(point) ? point : REPLACEMENT)
        .forEach(excerpt::appendCodePoint);
    if (text.codePointCount(0, text.length()) > length) {
      excerpt.append('…');
    }
    return excerpt.toString();
  }

  private static boolean isHarmless(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      default -> true;
    };
  }
}
