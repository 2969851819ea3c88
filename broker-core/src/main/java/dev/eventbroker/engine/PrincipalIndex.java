package dev.eventbroker.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the subscriptions of one principal among many thousands of others. The subscriptions of a
 * principal are a chain through themselves, so one more costs no allocation where the principal is
 * known. Owned by one lane, and touched by its thread only.
 */
final class PrincipalIndex {

  private final Map<String, Rider> first = new HashMap<>();

  void add(Rider rider) {
    Rider next = first.put(rider.principal(), rider);
    rider.nextOfPrincipal = next;
    if (next != null) {
      next.previousOfPrincipal = rider;
    }
  }

  /** Takes it out, if it was in. */
  void remove(Rider rider) {
    Rider previous = rider.previousOfPrincipal;
    Rider next = rider.nextOfPrincipal;
    if (previous != null) {
      previous.nextOfPrincipal = next;
    } else if (next != null) {
      first.replace(rider.principal(), rider, next);
    } else {
      first.remove(rider.principal(), rider);
    }
    if (next != null) {
      next.previousOfPrincipal = previous;
    }
    rider.previousOfPrincipal = null;
    rider.nextOfPrincipal = null;
  }

  /** Calls back with each subscription of the principal; none may be added or removed meanwhile. */
  void forEach(String principal, Consumer<Rider> action) {
    for (@Nullable Rider rider = first.get(principal);
        rider != null;
        rider = rider.nextOfPrincipal) {
      action.accept(rider);
    }
  }
}
