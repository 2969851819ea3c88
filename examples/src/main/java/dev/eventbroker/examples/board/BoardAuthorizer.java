package dev.eventbroker.examples.board;

import dev.eventbroker.Authorized;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.sse.SseAuthorizer;
import dev.eventbroker.sse.SseDecision;
import dev.eventbroker.sse.SseRequest;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * Lets everybody in under the name they give. That is a demo's: a real one takes principal and
 * workstation from a session cookie or a token, never from the client's word alone.
 */
final class BoardAuthorizer implements SseAuthorizer {

  private static final TopicFilter BOARD = TopicFilter.of("board/main/**");
  private static final int MAX_NAME = 64;

  private final BoardState state;
  private final Executor blocking;

  BoardAuthorizer(BoardState state, Executor blocking) {
    this.state = state;
    this.blocking = blocking;
  }

  @Override
  public CompletionStage<SseDecision> authorize(SseRequest request) {
    Optional<String> user = request.parameter("user");
    Optional<String> workstation = request.parameter("workstation");
    if (!isName(user) || !isName(workstation)) {
      return CompletableFuture.completedStage(
          SseDecision.refuse(
              400,
              "user, workstation: too long or empty (expected: 1 to " + MAX_NAME + " characters)"));
    }
    String principal = user.orElse("guest");
    if (request.filters().stream().noneMatch(BOARD::intersects)) {
      return CompletableFuture.completedStage(
          ownedBy(workstation, SseDecision.allow(Authorized.principal(principal))));
    }
    return CompletableFuture.supplyAsync(
        () ->
            ownedBy(
                workstation,
                SseDecision.allow(new Authorized<>(principal, loaded())).snapshot(state)),
        blocking);
  }

  /** As a real application loads the row that its access check looks at. */
  private String loaded() {
    try {
      return state.load();
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException("the board can't be read", e);
    }
  }

  private static SseDecision ownedBy(Optional<String> workstation, SseDecision.Allowed<?> allowed) {
    return workstation.isPresent() ? allowed.owner(workstation.get()) : allowed;
  }

  private static boolean isName(Optional<String> name) {
    return name.isEmpty() || (!name.get().isBlank() && name.get().length() <= MAX_NAME);
  }
}
