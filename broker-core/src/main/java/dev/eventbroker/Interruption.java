package dev.eventbroker;

import static java.util.Objects.requireNonNull;

/**
 * Says that events on some topics may be missing from here: state was changed behind the broker's
 * back, or it could not be found out who may see an event. Subscribers of these topics are told a
 * {@link Gap} for {@link Gap.Reason#SOURCE}, and reload what they show under their own access
 * checks.
 *
 * @param scope the topics that are concerned
 */
public record Interruption(TopicFilter scope) implements Message {

  /** Throws {@link NullPointerException} for a missing scope. */
  public Interruption {
    requireNonNull(scope, "scope");
  }
}
