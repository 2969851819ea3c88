package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Topic;
import java.time.Instant;
import java.util.UUID;

/**
 * A resource in somebody's hands.
 *
 * @param id unique for ever: a release by the id of a session that has ended touches no later one
 * @param resource what is held
 * @param owner the workstation (or tab) whose connections keep it
 * @param user the person, for others to read
 * @param fence rises with every change of hands of the resource, by one or more, and never falls:
 *     whoever guards a write by the highest fence seen refuses the write of a former holder
 * @param acquiredAt when it was acquired, by the clock of the store
 * @param topic where its events go. Fixed when it is acquired, so that any node can release it
 * @param mode whether it keeps others from holding the resource
 */
public record Session(
    UUID id,
    String resource,
    String owner,
    String user,
    long fence,
    Instant acquiredAt,
    Topic topic,
    Mode mode) {

  /** All parts are required. */
  public Session {
    requireNonNull(id, "id");
    requireNonNull(resource, "resource");
    requireNonNull(owner, "owner");
    requireNonNull(user, "user");
    requireNonNull(acquiredAt, "acquiredAt");
    requireNonNull(topic, "topic");
    requireNonNull(mode, "mode");
  }
}
