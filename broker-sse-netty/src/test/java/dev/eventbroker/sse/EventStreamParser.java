package dev.eventbroker.sse;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a browser makes of a stream: the algorithm of the HTML standard, section 9.2.6, word for
 * word, and independent of the code that writes.
 */
final class EventStreamParser {

  /** An event as a page gets it. */
  record Message(String type, String data, String lastEventId) {}

  final List<Message> messages = new ArrayList<>();
  String lastEventId = "";
  long reconnectionTime = -1;

  private final StringBuilder data = new StringBuilder();
  private String eventType = "";
  private String lastEventIdBuffer = "";

  static EventStreamParser parse(byte[]... blocks) {
    StringBuilder text = new StringBuilder();
    for (byte[] block : blocks) {
      text.append(new String(block, StandardCharsets.UTF_8));
    }
    EventStreamParser parser = new EventStreamParser();
    parser.stream(text.toString());
    return parser;
  }

  private void stream(String text) {
    int start = text.startsWith("\uFEFF") ? 1 : 0;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\n' || c == '\r') {
        line(text.substring(start, i));
        if (c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
          i++;
        }
        start = i + 1;
      }
    }
    // What is not ended by a line end and an empty line is discarded.
  }

  private void line(String line) {
    if (line.isEmpty()) {
      dispatch();
    } else if (line.startsWith(":")) {
      return;
    } else if (line.contains(":")) {
      String value = line.substring(line.indexOf(':') + 1);
      field(
          line.substring(0, line.indexOf(':')), value.startsWith(" ") ? value.substring(1) : value);
    } else {
      field(line, "");
    }
  }

  private void field(String name, String value) {
    switch (name) {
      case "event" -> eventType = value;
      case "data" -> data.append(value).append('\n');
      case "id" -> {
        if (value.indexOf('\0') < 0) {
          lastEventIdBuffer = value;
        }
      }
      case "retry" -> {
        if (value.matches("[0-9]+")) {
          reconnectionTime = Long.parseLong(value);
        }
      }
      default -> {}
    }
  }

  private void dispatch() {
    lastEventId = lastEventIdBuffer;
    if (data.length() == 0) {
      eventType = "";
      return;
    }
    data.setLength(data.length() - 1);
    messages.add(
        new Message(eventType.isEmpty() ? "message" : eventType, data.toString(), lastEventId));
    data.setLength(0);
    eventType = "";
  }
}
