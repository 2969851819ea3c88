package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * A place in the log, written {@code epoch.position}: what a client sends back to go on where it
 * was.
 *
 * <p>Positions of one epoch rise without holes. Positions of different epochs cannot be compared:
 * an id of another epoch is answered with a {@link Gap}, never with a guess. As text an id has at
 * most {@value #MAX_LENGTH} characters out of {@code A-Z a-z 0-9 . _ ~ -}, so that it survives a
 * header, a URL and a cross-origin request as it is.
 *
 * @param epoch 1 to 40 characters out of {@code A-Z a-z 0-9 _ ~ -}
 * @param position {@code >= 0}; 0 is the place before the first event
 */
public record EventId(String epoch, long position) {

  /** Longest id as text. */
  public static final int MAX_LENGTH = 64;

  private static final int MAX_EPOCH = 40;
  private static final int MAX_DIGITS = 19;

  /**
   * @throws IllegalArgumentException if the epoch has another character or length, or the position
   *     is negative
   */
  public EventId {
    requireNonNull(epoch, "epoch");
    if (!isEpoch(epoch)) {
      throw new IllegalArgumentException(
          "epoch: \"" + epoch + "\" (expected: [A-Za-z0-9_~-]{1," + MAX_EPOCH + "})");
    }
    if (position < 0) {
      throw new IllegalArgumentException("position: " + position + " (expected: >= 0)");
    }
  }

  /**
   * Reads an id that came from outside. Empty for everything that {@link #toString} does not write:
   * wrong characters, a missing part, a leading zero, a number that does not fit.
   */
  public static Optional<EventId> parse(String text) {
    int dot = text.indexOf('.');
    if (text.length() > MAX_LENGTH || dot < 0 || !isEpoch(text.substring(0, dot))) {
      return Optional.empty();
    }
    String digits = text.substring(dot + 1);
    if (digits.isEmpty()
        || digits.length() > MAX_DIGITS
        || (digits.length() > 1 && digits.charAt(0) == '0')) {
      return Optional.empty();
    }
    long position = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i) - '0';
      if (digit < 0 || digit > 9 || position > (Long.MAX_VALUE - digit) / 10) {
        return Optional.empty();
      }
      position = position * 10 + digit;
    }
    return Optional.of(new EventId(text.substring(0, dot), position));
  }

  private static boolean isEpoch(String text) {
    if (text.isEmpty() || text.length() > MAX_EPOCH) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean allowed =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '_'
              || c == '~'
              || c == '-';
      if (!allowed) {
        return false;
      }
    }
    return true;
  }

  /** The id as it goes over the wire. */
  @Override
  public String toString() {
    return epoch + '.' + position;
  }
}
