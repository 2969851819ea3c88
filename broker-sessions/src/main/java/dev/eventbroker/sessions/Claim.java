package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Topic;

/**
 * What somebody wants to hold.
 *
 * <p>Resource, owner and user are 1 to {@value #MAX_LENGTH} characters, none of them a control
 * character or an unpaired surrogate: such names could be stored by no database, or forge a log
 * line.
 *
 * @param resource what to hold
 * @param topic where the events of the session go
 * @param owner the workstation (or tab) that wants it
 * @param user the person, for others to read
 * @param mode alone, or with others
 */
public record Claim(String resource, Topic topic, String owner, String user, Mode mode) {

  /** Longest name in characters: two fit into one row of an index of Postgres, in any script. */
  public static final int MAX_LENGTH = 400;

  /**
   * @throws IllegalArgumentException if a name is not as said
   */
  public Claim {
    requireName("resource", resource);
    requireNonNull(topic, "topic");
    requireName("owner", owner);
    requireName("user", user);
    requireNonNull(mode, "mode");
  }

  /** Whether an owner of that name could hold anything. */
  static boolean isName(String name) {
    return isLengthAllowed(name) && firstUnfit(name) < 0;
  }

  private static void requireName(String what, String name) {
    requireNonNull(name, what);
    if (!isLengthAllowed(name)) {
      throw new IllegalArgumentException(
          what + ": " + name.length() + " characters (expected: 1 to " + MAX_LENGTH + ")");
    }
    int unfit = firstUnfit(name);
    if (unfit >= 0) {
      throw new IllegalArgumentException(
          what
              + ": control character or unpaired surrogate at "
              + unfit
              + " (expected: neither anywhere)");
    }
  }

  private static boolean isLengthAllowed(String name) {
    return !name.isEmpty() && name.length() <= MAX_LENGTH;
  }

  /** Where the first character stands that no name may hold, or -1. */
  private static int firstUnfit(String name) {
    int i = 0;
    while (i < name.length()) {
      int c = name.codePointAt(i);
      // codePointAt gives a surrogate only when it has no partner.
      if (Character.isISOControl(c)
          || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
        return i;
      }
      i += Character.charCount(c);
    }
    return -1;
  }
}
