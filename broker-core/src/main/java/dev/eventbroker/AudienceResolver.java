package dev.eventbroker;

import java.util.Set;

/** Finds out who may see an event. Runs in a detached task and may block. */
@FunctionalInterface
public interface AudienceResolver {

  /**
   * Who may see the event.
   *
   * @param context of the task this runs in
   * @param connected the principals that have a connection to this node now: those worth asking
   *     about
   * @return the audience; {@link Audience#nobody()} only if it is known that no one may see it
   * @throws Exception if it could not be found out
   */
  Audience resolve(PublishContext context, Event event, Set<String> connected) throws Exception;
}
