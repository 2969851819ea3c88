package dev.eventbroker;

import java.util.Optional;

/**
 * A live client as the broker knows it. A transport opens it, and closes it when the client is
 * gone.
 */
public interface Connection {

  /** Unique within this broker, for logs. */
  long id();

  /** Who it is, as audiences name them. */
  String principal();

  /**
   * The workstation (or tab) it belongs to, if it was tied to one: what keeps edit sessions alive.
   */
  Optional<String> owner();

  /** The client is gone, for that reason. Any thread; only the first call counts. */
  void close(CloseReason reason);
}
