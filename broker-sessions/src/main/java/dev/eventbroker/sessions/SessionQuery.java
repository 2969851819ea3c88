package dev.eventbroker.sessions;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.UUID;

/**
 * Which sessions to list, in the order of their ids.
 *
 * @param resource of that resource only
 * @param owner of that owner only
 * @param user of that user only
 * @param after those behind that id only: the last one of the page before
 * @param atMost how many, 1 to {@value #MAX_PAGE}
 */
public record SessionQuery(
    Optional<String> resource,
    Optional<String> owner,
    Optional<String> user,
    Optional<UUID> after,
    int atMost) {

  /** Some megabytes: no answer should be larger. */
  public static final int MAX_PAGE = 10_000;

  /** A page that a person can look at. */
  public static final int DEFAULT_PAGE = 1000;

  /**
   * @throws IllegalArgumentException if the page is of no allowed size
   */
  public SessionQuery {
    requireNonNull(resource, "resource");
    requireNonNull(owner, "owner");
    requireNonNull(user, "user");
    requireNonNull(after, "after");
    if (atMost < 1 || atMost > MAX_PAGE) {
      throw new IllegalArgumentException(
          "atMost: " + atMost + " (expected: 1 to " + MAX_PAGE + ")");
    }
  }

  /** All sessions, in pages of {@value #DEFAULT_PAGE}. */
  public static SessionQuery all() {
    return new SessionQuery(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), DEFAULT_PAGE);
  }

  /** Of these, those of that resource, in both modes. */
  public SessionQuery ofResource(String name) {
    return new SessionQuery(Optional.of(name), owner, user, after, atMost);
  }

  /** Of these, those of that owner. */
  public SessionQuery ofOwner(String name) {
    return new SessionQuery(resource, Optional.of(name), user, after, atMost);
  }

  /** Of these, those of that user, at whichever workstation. */
  public SessionQuery ofUser(String name) {
    return new SessionQuery(resource, owner, Optional.of(name), after, atMost);
  }

  /** Of these, the page behind that session. */
  public SessionQuery after(UUID last) {
    return new SessionQuery(resource, owner, user, Optional.of(last), atMost);
  }

  /** So many of these. */
  public SessionQuery atMost(int sessions) {
    return new SessionQuery(resource, owner, user, after, sessions);
  }
}
