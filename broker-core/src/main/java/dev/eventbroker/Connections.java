package dev.eventbroker;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** The live clients of this node. All methods may be called on any thread. */
public interface Connections {

  /**
   * A client has come. The caller closes the connection when the client is gone. Every listener has
   * heard of it when this returns.
   *
   * @throws BrokerException.Overloaded if the principal has as many connections as one may have
   *     ({@code BrokerBuilder.connectionsPerPrincipal}); those stay as they are, and nothing is
   *     left of the refused one
   */
  Connection open(String principal, Optional<String> owner);

  /** How many there are now. */
  int count();

  /** How many that principal has now. */
  int count(String principal);

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

  /**
   * Tells a listener from now on, until the registration is closed. One that is registered twice is
   * told twice.
   */
  Registration listen(ConnectionListener listener);
}
