package dev.eventbroker;

import java.util.Set;

/**
 * Hears of clients that come, live and go. Called on the thread where it happens (an event loop, a
 * timer), so nothing here may block. What throws is logged, and nobody else notices.
 *
 * <p>Of one connection a listener hears {@code onOpen} first and {@code onClose} after {@code
 * onOpen} has returned at every listener, each exactly once, whichever threads open and close it.
 * The calls for different connections have no order among them, also for connections of one owner:
 * who wants to know whether an owner is there asks {@link Connections#hasOwner} at that moment. A
 * listener that is registered while connections are open hears of their closes and not of their
 * opens, and one that is taken away may still be in the midst of a call.
 */
public interface ConnectionListener {

  /** A client has come; it is counted already. */
  default void onOpen(Connection connection) {}

  /**
   * The heartbeat: these owners had at least one connection to this node when the tick began.
   * Called once per tick for all of them, also when there is none. All listeners of a tick get the
   * same set, which never changes; opens and closes go on meanwhile.
   */
  default void onTick(Set<String> owners) {}

  /** A client has gone, for that reason. It is not counted any more when this is called. */
  default void onClose(Connection connection, CloseReason reason) {}
}
