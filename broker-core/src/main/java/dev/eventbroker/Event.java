package dev.eventbroker;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.Set;

/**
 * What is published: a topic, a type, the data, and optionally a key and an audience. Its id and
 * time are given by the log and belong to the {@link Delivery}. Immutable.
 */
public final class Event implements Message {

  /** Longest type in characters. */
  public static final int MAX_TYPE_LENGTH = 128;

  /** Longest idempotency key in characters: room for two UUIDs and a word. */
  public static final int MAX_IDEMPOTENCY_KEY_LENGTH = 128;

  /**
   * Types that mean something else on the wire: {@code open} and {@code error} are the browser's
   * own events on an EventSource, {@code gap} and {@code expiring} (what a client was let in with
   * ends soon) are ours.
   */
  private static final Set<String> RESERVED_TYPES = Set.of("open", "error", "gap", "expiring");

  private final Topic topic;
  private final String type;
  private final String data;
  private final Optional<String> key;
  private final Audience audience;
  private final Optional<String> idempotencyKey;

  private Event(
      Topic topic,
      String type,
      String data,
      Optional<String> key,
      Audience audience,
      Optional<String> idempotencyKey) {
    this.topic = topic;
    this.type = type;
    this.data = data;
    this.key = key;
    this.audience = audience;
    this.idempotencyKey = idempotencyKey;
  }

  /**
   * An event for everyone who asks for its topic.
   *
   * @param type 1 to {@value #MAX_TYPE_LENGTH} characters, none of them a control character, and
   *     none of the names {@code open}, {@code error}, {@code gap}, {@code expiring}
   * @param data any text, empty included; JSON by convention
   * @throws IllegalArgumentException if the type is not as said
   */
  public static Event of(Topic topic, String type, String data) {
    requireNonNull(topic, "topic");
    requireNonNull(data, "data");
    return new Event(
        topic, requireType(type), data, Optional.empty(), Audience.everyone(), Optional.empty());
  }

  /**
   * The type itself when it is a valid one.
   *
   * @throws IllegalArgumentException if it is not
   */
  static String requireType(String type) {
    requireNonNull(type, "type");
    if (type.isEmpty() || type.length() > MAX_TYPE_LENGTH) {
      throw new IllegalArgumentException(
          "type: " + type.length() + " characters (expected: 1 to " + MAX_TYPE_LENGTH + ")");
    }
    for (int i = 0; i < type.length(); i++) {
      if (Character.isISOControl(type.charAt(i))) {
        throw new IllegalArgumentException("type: control character at " + i + " (expected: none)");
      }
    }
    if (RESERVED_TYPES.contains(type)) {
      throw new IllegalArgumentException(
          "type: \""
              + type
              + "\" (expected: none of the reserved names open, error, gap, expiring)");
    }
    return type;
  }

  /** The same event with that key: of events with one key, a later one replaces an earlier one. */
  public Event withKey(String newKey) {
    return new Event(topic, type, data, Optional.of(newKey), audience, idempotencyKey);
  }

  /** The same event for that audience. */
  public Event withAudience(Audience newAudience) {
    return new Event(
        topic, type, data, key, requireNonNull(newAudience, "audience"), idempotencyKey);
  }

  /**
   * The same event under a name that makes it safe to publish again: of several publishes with one
   * name, one enters the log, and all of them answer its id, for as long as the log (or the history
   * behind it) still keeps it.
   *
   * @param newKey 1 to {@value #MAX_IDEMPOTENCY_KEY_LENGTH} characters, none of them a control
   *     character
   * @throws IllegalArgumentException if it is not as said
   */
  public Event withIdempotencyKey(String newKey) {
    requireNonNull(newKey, "idempotencyKey");
    if (newKey.isEmpty() || newKey.length() > MAX_IDEMPOTENCY_KEY_LENGTH) {
      throw new IllegalArgumentException(
          "idempotencyKey: "
              + newKey.length()
              + " characters (expected: 1 to "
              + MAX_IDEMPOTENCY_KEY_LENGTH
              + ")");
    }
    if (newKey.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("idempotencyKey: control character (expected: none)");
    }
    return new Event(topic, type, data, key, audience, Optional.of(newKey));
  }

  /** What the event is about. */
  public Topic topic() {
    return topic;
  }

  /** What happened. */
  public String type() {
    return type;
  }

  /** The content. */
  public String data() {
    return data;
  }

  /** What the event is the latest state of, if it is that. */
  public Optional<String> key() {
    return key;
  }

  /** Who may see it. */
  public Audience audience() {
    return audience;
  }

  /** Under which name it may be published more than once and enters the log once. */
  public Optional<String> idempotencyKey() {
    return idempotencyKey;
  }

  /** Topic and type; not the data, which may be long and private. */
  @Override
  public String toString() {
    return type + " on " + topic;
  }
}
