package dev.eventbroker.sessions;

import dev.eventbroker.BrokerException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Keeps sessions, fences, and which node has connections of which owner. Shared by all nodes.
 *
 * <p>Every method is atomic, may block, and may be called on any thread and any node at once;
 * {@link #touch}, {@link #detach} and {@link #forget} of one node are called one after another.
 * Time is the store's own, the same for every node. Where a store can't do what is asked it throws
 * a {@link BrokerException}, and nothing has changed; only when a commit itself fails nobody knows.
 *
 * <p>A session ends exactly once: of all calls by all nodes, one returns it as ended. For each that
 * begins or ends there is one event. A store that {@linkplain #storesEvents() stores events} writes
 * it, made by the {@link SessionEvents} it is handed, together with the change; the events of any
 * other are published by the caller.
 *
 * <p>Node and owner names are those of a {@link Claim}.
 */
public interface SessionStore {

  /**
   * Whether events become visible if and only if the change does, so that the caller must not
   * publish them again.
   */
  boolean storesEvents();

  /**
   * Gives the resource to the owner if nobody holds it, under a fence higher than any before. If
   * the owner holds it already this is a touch: same session, same user, same fence, no event.
   */
  Acquisition acquire(Claim claim, LeaseTerms terms, SessionEvents events);

  /** Ends that session, and no later one of the same resource. Empty if it has ended before. */
  Optional<Session> release(UUID session, SessionEvents events);

  /** Ends all sessions of that owner, wherever it is connected. */
  List<Session> releaseOwner(String owner, SessionEvents events);

  /**
   * The heartbeat of a node: these owners, and perhaps others, have a connection to it. Their
   * sessions are touched, and the node is remembered as one that has them. Also a sign of life of
   * the cluster, with no owner too: see {@link LeaseTerms#outage}.
   */
  void touch(String node, Set<String> owners, LeaseTerms terms);

  /**
   * These owners have no connection to the node any more. Ends the sessions of those that no other
   * node has; a node that has not touched an owner for the timeout does not have it.
   */
  List<Session> detach(String node, Set<String> owners, LeaseTerms terms, SessionEvents events);

  /**
   * These owners have no connection to the node any more, but are expected back. Ends no session.
   */
  void forget(String node, Set<String> owners);

  /**
   * Ends sessions that were not touched for the timeout; none in or after an {@linkplain
   * LeaseTerms#outage outage} before everybody has had a full timeout to come back. Never one that
   * is touched at the same time.
   *
   * @param atMost how many; when so many are returned, there may be more
   */
  List<Session> sweep(LeaseTerms terms, int atMost, SessionEvents events);

  /** The session of that id, unless it has ended. */
  Optional<Session> find(UUID session);

  /** Who holds the resource. */
  Optional<Session> holder(String resource);

  /** How many sessions there are. */
  long held();
}
