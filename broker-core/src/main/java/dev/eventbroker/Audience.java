package dev.eventbroker;

import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/**
 * Who may see an event: everybody who asks for its topic, or the named principals only. {@link
 * #nobody()} is a decision ("no one may see it"); that the audience could not be found out is an
 * exception, never an empty audience. Immutable.
 */
public final class Audience {

  private static final Audience EVERYONE = new Audience(Optional.empty());
  private static final Audience NOBODY = new Audience(Optional.of(Set.of()));

  private final Optional<Set<String>> principals;

  private Audience(Optional<Set<String>> principals) {
    this.principals = principals;
  }

  /** Everybody whose filter matches. */
  public static Audience everyone() {
    return EVERYONE;
  }

  /** No one at all. */
  public static Audience nobody() {
    return NOBODY;
  }

  /** These principals and nobody else; none of them is {@link #nobody()}. */
  public static Audience of(Collection<String> principals) {
    return principals.isEmpty() ? NOBODY : new Audience(Optional.of(Set.copyOf(principals)));
  }

  /** Whether that principal may see the event. */
  public boolean includes(String principal) {
    return principals.isEmpty() || principals.get().contains(principal);
  }

  /** The named principals; empty for {@link #everyone()}. */
  public Optional<Set<String>> principals() {
    return principals;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Audience audience && principals.equals(audience.principals);
  }

  @Override
  public int hashCode() {
    return principals.hashCode();
  }

  @Override
  public String toString() {
    return principals.map(Set::toString).orElse("everyone");
  }
}
