package dev.eventbroker;

/**
 * How a source is doing.
 *
 * @param name which source
 * @param state what it is doing
 * @param detail a sentence for people: since when, what failed last; may be empty
 */
public record SourceStatus(String name, State state, String detail) {

  /** What a source is doing. */
  public enum State {
    /** Events flow. */
    UP,
    /** It is not connected and tries to be. */
    CONNECTING,
    /** It was closed. */
    CLOSED
  }
}
