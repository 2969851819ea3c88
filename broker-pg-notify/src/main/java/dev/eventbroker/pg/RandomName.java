package dev.eventbroker.pg;

import java.util.random.RandomGenerator;

/** Short random names, out of characters that go anywhere: ids, channels, thread names. */
final class RandomName {

  private static final String CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

  private RandomName() {}

  static String of(int length, RandomGenerator random) {
    StringBuilder name = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      name.append(CHARACTERS.charAt(random.nextInt(CHARACTERS.length())));
    }
    return name.toString();
  }
}
