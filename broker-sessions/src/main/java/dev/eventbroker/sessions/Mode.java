package dev.eventbroker.sessions;

/**
 * How a resource is held. The modes do not exclude each other: who edits a board and who is looking
 * at it are two questions.
 */
public enum Mode {
  /** By one owner at a time: an edit lock. */
  EXCLUSIVE,

  /** By any number of owners, each once: presence. */
  SHARED
}
