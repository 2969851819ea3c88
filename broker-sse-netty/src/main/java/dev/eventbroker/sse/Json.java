package dev.eventbroker.sse;

import java.util.Optional;

/** As much JSON as refusals and gaps need: one object of strings, numbers and nulls. */
final class Json {

  private static final String HEX = "0123456789abcdef";

  private final StringBuilder text = new StringBuilder();

  /** The same object with one more member. */
  Json with(String name, String value) {
    startMember(name);
    appendString(value);
    return this;
  }

  /** The same object with one more member, which is {@code null} if there is no value. */
  Json with(String name, Optional<String> value) {
    if (value.isPresent()) {
      return with(name, value.get());
    }
    startMember(name);
    text.append("null");
    return this;
  }

  /** The same object with one more member. */
  Json with(String name, long value) {
    startMember(name);
    text.append(value);
    return this;
  }

  private void startMember(String name) {
    if (text.length() > 0) {
      text.append(',');
    }
    appendString(name);
    text.append(':');
  }

  private void appendString(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < 0x20 || c == 0x7F || Character.isSurrogate(c)) {
        // Surrogates too: a pair means the same escaped, and an unpaired one can't be encoded.
        text.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
          text.append(HEX.charAt((c >> shift) & 0xF));
        }
      } else {
        text.append(c);
      }
    }
    text.append('"');
  }

  /** The object as text. */
  @Override
  public String toString() {
    return '{' + text.toString() + '}';
  }
}
