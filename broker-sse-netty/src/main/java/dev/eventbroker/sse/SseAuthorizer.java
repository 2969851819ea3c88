package dev.eventbroker.sse;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Authorized;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Decides about a request before anything exists for it: no subscription, no connection, no byte of
 * an answer.
 */
@FunctionalInterface
public interface SseAuthorizer {

  /**
   * Decides. Called on the channel's event loop, so it must not block: what takes time is done
   * elsewhere, and the stage is completed there, on any thread. A stage that fails, a throw, and a
   * stage that is not complete within the endpoint's authorize timeout let nobody in and are
   * logged; the answer is an empty stream with a reconnection time, so that browsers come back, and
   * 503 with {@code Retry-After} to who does not ask for {@code text/event-stream} by name. The
   * client may be gone by the time of the decision; nothing happens then.
   *
   * <p>What is allowed counts as decided when this was called, unless the {@link
   * dev.eventbroker.Authorized} says otherwise: a revocation that comes meanwhile holds.
   */
  CompletionStage<SseDecision> authorize(SseRequest request);

  /**
   * Lets everybody in as that one principal: for examples, and behind a door of another kind. The
   * broker's limit of connections per principal is then one for all of them together, see {@code
   * BrokerBuilder.connectionsPerPrincipal}.
   */
  static SseAuthorizer everybodyAs(String principal) {
    requireNonNull(principal, "principal");
    SseDecision allowed = SseDecision.allow(Authorized.principal(principal));
    return request -> CompletableFuture.completedStage(allowed);
  }
}
