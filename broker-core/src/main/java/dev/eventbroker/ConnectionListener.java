package dev.eventbroker;

import java.util.Set;

/**
 * Hears of clients that come, live and go. Called on the thread where it happens (an event loop, a
 * timer), so nothing here may block. What throws is logged, and nobody else notices.
 */
public interface ConnectionListener {

  /** A client has come. */
  default void onOpen(Connection connection) {}

  /**
   * The heartbeat: these owners have at least one connection to this node. Called once per tick for
   * all of them, also when there is none.
   */
  default void onTick(Set<String> owners) {}

  /** A client has gone. It is not counted any more when this is called. */
  default void onClose(Connection connection, CloseReason reason) {}
}
