package dev.eventbroker.sse;

import dev.eventbroker.EventId;
import dev.eventbroker.runtime.LimitedWarnings;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One question to the authorizer and its answer, in time or not at all. The answer is heard once,
 * on the event loop; it is empty if there is none to rely on, which has been warned about then.
 */
final class Asking {

  private static final Logger log = LoggerFactory.getLogger(Asking.class);

  private final SseSettings settings;
  private final LimitedWarnings failures;
  private final EventExecutor loop;
  private final Consumer<Optional<SseDecision>> answer;

  private @Nullable Future<?> timeout;
  private boolean over;

  Asking(
      SseSettings settings,
      LimitedWarnings failures,
      EventExecutor loop,
      Consumer<Optional<SseDecision>> answer) {
    this.settings = settings;
    this.failures = failures;
    this.loop = loop;
    this.answer = answer;
  }

  /** Asks; on the event loop, where the answer may come before this returns. */
  void begin(SseRequest request) {
    // What is revoked while somebody decides may not have been seen by the decision.
    EventId asOf = settings.broker().cursor();
    CompletionStage<SseDecision> decision;
    try {
      decision = settings.authorizer().authorize(request);
      if (decision == null) {
        throw new NullPointerException("the authorizer answered null (expected: a stage)");
      }
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      decided(asOf, null, e);
      return;
    }
    var unused =
        decision.whenComplete((made, failure) -> onLoop(() -> decided(asOf, made, failure)));
    if (!over) {
      timeout =
          loop.schedule(this::tooLate, settings.authorizeTimeout().toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** Nobody wants to know any more. */
  void cancel() {
    over = true;
    Future<?> due = timeout;
    if (due != null) {
      due.cancel(false);
    }
  }

  private void onLoop(Runnable work) {
    if (loop.inEventLoop()) {
      work.run();
      return;
    }
    try {
      loop.execute(work);
    } catch (RejectedExecutionException e) {
      // The event loop was shut down and its channels with it; nothing exists that has to end.
      log.debug("a decision came after the event loop's end");
    }
  }

  private void tooLate() {
    if (!over) {
      failures.warn(
          "the authorizer failed: no decision within " + settings.authorizeTimeout(), null);
      end(Optional.empty());
    }
  }

  private void decided(EventId asOf, @Nullable SseDecision made, @Nullable Throwable failure) {
    if (over) {
      return;
    }
    if (made == null || failure != null) {
      failures.warn(
          "the authorizer failed: " + (failure == null ? "it decided null" : "it threw"), failure);
      end(Optional.empty());
    } else {
      end(Optional.of(made instanceof SseDecision.Allowed<?> yes ? yes.asOf(asOf) : made));
    }
  }

  private void end(Optional<SseDecision> decision) {
    cancel();
    answer.accept(decision);
  }
}
