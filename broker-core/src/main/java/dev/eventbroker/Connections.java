package dev.eventbroker;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** The live clients of this node. All methods may be called on any thread. */
public interface Connections {

  /** A client has come. The caller closes the connection when the client is gone. */
  Connection open(String principal, Optional<String> owner);

  /** How many there are now. */
  int count();

  /** The principals with at least one connection now. */
  Set<String> principals();

  /** The owners with at least one connection now. */
  Set<String> owners();

  /** Whether that owner has a connection now. */
  boolean hasOwner(String owner);

  /**
   * How often listeners hear {@link ConnectionListener#onTick}, give or take a tenth: what a
   * timeout of theirs has to be measured by.
   */
  Duration heartbeat();

  /** Tells a listener from now on, until the registration is closed. */
  Registration listen(ConnectionListener listener);
}
