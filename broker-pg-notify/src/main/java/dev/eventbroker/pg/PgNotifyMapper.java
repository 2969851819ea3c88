package dev.eventbroker.pg;

import dev.eventbroker.Event;
import java.util.List;

/** Turns notifications into events. */
@FunctionalInterface
public interface PgNotifyMapper {

  /**
   * The events that a notification stands for; none is a valid answer. Called on a thread of the
   * source, never concurrently. Whatever it throws concerns this notification alone: it is counted,
   * logged and told, and the next one follows.
   */
  List<Event> events(String channel, String payload) throws Exception;

  /**
   * For payloads such as {@code {"topic": "project/42", "type": "changed", "data": {"id": 7}}}:
   * {@code topic} and {@code type} are texts; {@code data} is any JSON and becomes the event's data
   * as it stands, or nothing if it is missing. Other fields are skipped.
   */
  static PgNotifyMapper json() {
    return JsonNotifications::events;
  }
}
