package dev.eventbroker.benchmarks.report;

import java.util.Locale;

/** Numbers as people read them: three digits that count, and no more. */
final class Numbers {

  /** Between the thousands, and between a number and its unit: never broken over two lines. */
  private static final char SPACE = '\u00a0';

  private Numbers() {}

  /** As {@code 0.012}, {@code 3.48}, {@code 54.3}, {@code 1 114}, {@code 268 k}, {@code 94.1 M}. */
  static String brief(double value) {
    double size = Math.abs(value);
    if (size >= 999_500) {
      return threeDigits(value / 1e6) + SPACE + "M";
    }
    if (size >= 9_999.5) {
      return threeDigits(value / 1e3) + SPACE + "k";
    }
    return threeDigits(value);
  }

  /** A count in full, as {@code 100 000}. */
  static String whole(long value) {
    return String.format(Locale.ROOT, "%,d", value).replace(',', SPACE);
  }

  private static String threeDigits(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    if (size >= 99.95) {
      return whole(Math.round(value));
    }
    if (size >= 9.995) {
      return String.format(Locale.ROOT, "%.1f", value);
    }
    if (size >= 0.0995) {
      return String.format(Locale.ROOT, "%.2f", value);
    }
    return size >= 0.0005 ? String.format(Locale.ROOT, "%.3f", value) : "<" + SPACE + "0.001";
  }
}
