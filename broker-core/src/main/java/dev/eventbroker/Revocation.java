package dev.eventbroker;

import static java.util.Objects.requireNonNull;

/**
 * Takes a principal's right to some topics away. It stands in the same log as the events: after its
 * place no event on these topics reaches a subscription of that principal that was authorised
 * before, replay included. Who is authorised again after it (see {@link Authorized#asOf}) starts
 * anew. What a subscriber notices is told at {@link Subscription}.
 *
 * <p>A node that lost a part of the common order (its backplane says {@link Inbound#begin} again)
 * has not read the revocations in it: its subscribers are told a gap, and keep their rights.
 *
 * @param principal who loses the right, as audiences name them
 * @param scope the topics that are concerned
 */
public record Revocation(String principal, TopicFilter scope) implements Message {

  /** Throws {@link NullPointerException} for a missing part. */
  public Revocation {
    requireNonNull(principal, "principal");
    requireNonNull(scope, "scope");
  }
}
