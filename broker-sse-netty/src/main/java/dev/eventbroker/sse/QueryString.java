package dev.eventbroker.sse;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parameters of a request target, read strictly: what is not well formed is refused rather than
 * guessed at, because a filter that was guessed at shows somebody else's events. (Netty's own
 * decoder splits at semicolons, drops what is beyond 1024 parameters, and puts U+FFFD for bytes
 * that are not UTF-8.)
 */
final class QueryString {

  private QueryString() {}

  /** The path of a request target, with a scheme and an authority taken off, as it was written. */
  static String path(String target) {
    int start = 0;
    int scheme = target.indexOf("://");
    if (scheme > 0 && target.indexOf('/') > scheme) {
      int authority = scheme + 3;
      int end = pathEnd(target, authority);
      start = target.indexOf('/', authority);
      if (start < 0 || start > end) {
        return "/";
      }
    }
    return target.substring(start, pathEnd(target, start));
  }

  private static int pathEnd(String target, int from) {
    for (int i = from; i < target.length(); i++) {
      char c = target.charAt(i);
      if (c == '?' || c == '#') {
        return i;
      }
    }
    return target.length();
  }

  /**
   * The parameters in the order in which they were written.
   *
   * @throws Refusal if the query is not ASCII, or a percent-encoding is not one of UTF-8
   */
  static Map<String, List<String>> parameters(String target) throws Refusal {
    int question = target.indexOf('?');
    if (question < 0) {
      return Map.of();
    }
    int fragment = target.indexOf('#', question);
    String query = target.substring(question + 1, fragment < 0 ? target.length() : fragment);
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    int start = 0;
    while (start < query.length()) {
      int ampersand = query.indexOf('&', start);
      int end = ampersand < 0 ? query.length() : ampersand;
      if (end > start) {
        add(parameters, query.substring(start, end));
      }
      start = end + 1;
    }
    parameters.replaceAll((name, values) -> List.copyOf(values));
    return Collections.unmodifiableMap(parameters);
  }

  private static void add(Map<String, List<String>> parameters, String pair) throws Refusal {
    int equals = pair.indexOf('=');
    String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
    String value = equals < 0 ? "" : decoded(pair.substring(equals + 1));
    parameters.computeIfAbsent(name, unused -> new ArrayList<>()).add(value);
  }

  private static String decoded(String text) throws Refusal {
    if (isPlain(text)) {
      return text;
    }
    ByteBuffer bytes = ByteBuffer.allocate(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c >= 0x7F) {
        throw Refusal.badRequest("query: a character that is not ASCII (expected: %-encoded)");
      }
      if (c == '%') {
        bytes.put(hexByte(text, i + 1));
        i += 2;
      } else {
        bytes.put((byte) (c == '+' ? ' ' : c));
      }
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
    } catch (CharacterCodingException e) {
      throw Refusal.badRequest("query: bytes that are not UTF-8 (expected: UTF-8)");
    }
  }

  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c >= 0x7F || c == '%' || c == '+') {
        return false;
      }
    }
    return true;
  }

  private static byte hexByte(String text, int at) throws Refusal {
    int high = at < text.length() ? hexDigit(text.charAt(at)) : -1;
    int low = at + 1 < text.length() ? hexDigit(text.charAt(at + 1)) : -1;
    if (high < 0 || low < 0) {
      throw Refusal.badRequest(
          "query: malformed percent-encoding (expected: % and two hex digits)");
    }
    return (byte) (high << 4 | low);
  }

  /** Not {@link Character#digit}, which takes the digits of all scripts. */
  private static int hexDigit(char c) {
    return c < 0x80 ? Character.digit(c, 16) : -1;
  }
}
