package dev.eventbroker.pg;

import dev.eventbroker.Event;

/** What PostgreSQL can hold as text: UTF-8, and no U+0000. */
final class PgText {

  private PgText() {}

  /**
   * Checks every text of an event.
   *
   * @throws IllegalArgumentException if one of them can't be stored as it is
   */
  static void require(Event event) {
    require("topic", event.topic().toString());
    require("type", event.type());
    require("data", event.data());
    event.key().ifPresent(key -> require("key", key));
    event
        .audience()
        .principals()
        .ifPresent(names -> names.forEach(name -> require("audience", name)));
  }

  /**
   * Checks one text.
   *
   * @throws IllegalArgumentException if it can't be stored as it is
   */
  static void require(String what, String text) {
    int length = text.length();
    for (int i = 0, c; i < length; i += Character.charCount(c)) {
      c = text.codePointAt(i);
      if (c == 0) {
        throw new IllegalArgumentException(
            what + ": U+0000 at " + i + " (expected: none, PostgreSQL can't store it)");
      }
      // A pair would have come as one code point.
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        throw new IllegalArgumentException(
            what + ": unpaired surrogate at " + i + " (expected: text that UTF-8 can hold)");
      }
    }
  }
}
