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
 * begins or ends there is one event, and one more to an owner that did not let go: at once if it
 * lost the session to somebody else, otherwise when it comes back. A store that {@linkplain
 * #storesEvents() stores events} writes them, made by the {@link SessionEvents} it is handed,
 * together with the change; those of any other are published by the caller.
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
   * Gives the resource to the owner, under a fence higher than any before: if nobody holds it, or,
   * with {@link Mode#SHARED}, whoever else does. If the owner holds it already in that mode nothing
   * changes: same session, same user, same fence, no event, and no sign of life either.
   */
  Acquisition acquire(Claim claim, LeaseTerms terms, SessionEvents events);

  /**
   * As {@link #acquire}, but of another holder's session, and of that alone, the fence decides: if
   * it is the one that is given, the session ends with {@link ReleaseReason#TAKEN_OVER} and the
   * next begins in the same moment.
   *
   * @param claim of {@link Mode#EXCLUSIVE}
   */
  Acquisition takeOver(Claim claim, long fence, LeaseTerms terms, SessionEvents events);

  /**
   * Ends that session, and no later one of the same resource. Empty if it has ended before.
   *
   * @param reason {@link ReleaseReason#RELEASED} or {@link ReleaseReason#FORCED}
   */
  Optional<Session> release(UUID session, ReleaseReason reason, SessionEvents events);

  /** Ends all sessions of that owner, wherever it is connected. */
  List<Session> releaseOwner(String owner, SessionEvents events);

  /**
   * The heartbeat of a node: these owners, and perhaps others, have a connection to it. Their
   * sessions are touched, and the node is remembered as one that has them. Also a sign of life of
   * the cluster, with no owner too: see {@link LeaseTerms#outage}.
   *
   * @param roll what {@link #openRoll} answered before the owners were gathered, if they are all
   *     that the node has; 0 if there may be others
   */
  Touched touch(String node, Set<String> owners, long roll, LeaseTerms terms, SessionEvents events);

  /**
   * These owners have no connection to the node any more. Where no other node is known to have one
   * either, the sessions are up to {@link #settle}; a node that has not touched an owner for the
   * timeout does not have it.
   */
  void detach(String node, Set<String> owners, LeaseTerms terms);

  /**
   * The newest roll call, which every node answers by a touch with all its owners: somebody has
   * left, and perhaps is somewhere else. 0 if nothing is waiting for an answer.
   */
  long openRoll();

  /**
   * Ends sessions of owners that have left, once every other node that is alive has answered since.
   * A node is alive if it touched within the {@linkplain LeaseTerms#outage outage}, or may have
   * been kept from it by one.
   *
   * @param atMost how many; when so many are returned, there may be more
   */
  List<Session> settle(LeaseTerms terms, int atMost, SessionEvents events);

  /**
   * These owners have no connection to the node any more, but are expected back. Ends no session.
   */
  void forget(String node, Set<String> owners);

  /** The node is no more: nobody waits for its answer. Ends no session. */
  void leave(String node);

  /**
   * Ends sessions that were not touched for the timeout; none in or after an {@linkplain
   * LeaseTerms#outage outage} before everybody has had a full timeout to come back. Never one that
   * is touched at the same time. Where suspiciously many would end at once, they are kept for
   * another {@linkplain LeaseTerms#outage outage}.
   *
   * @param atMost how many; when so many have expired, there may be more
   */
  Swept sweep(LeaseTerms terms, int atMost, SessionEvents events);

  /** The session of that id, unless it has ended. */
  Optional<Session> find(UUID session);

  /** Who holds the resource alone. */
  Optional<Session> holder(String resource);

  /** A page of the sessions that are asked for, in the order of their ids. */
  List<Session> list(SessionQuery query);

  /** How many sessions there are. */
  long count();
}
