package dev.eventbroker.detached;

import dev.eventbroker.DeferredPublisher;
import dev.eventbroker.EventId;
import dev.eventbroker.Message;
import dev.eventbroker.runtime.LimitedWarnings;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the transactions of one broker share: how to publish, within which bounds, and the count.
 */
public final class DeferredPublishing {

  private static final Logger log = LoggerFactory.getLogger(DeferredPublishing.class);

  /** How much is held for one transaction. */
  public record Limits(int messages, long characters) {}

  private final Limits limits;
  private final Consumer<Message> check;
  private final Function<Message, CompletionStage<EventId>> publish;
  private final BiConsumer<Message, Throwable> observer;
  private final LimitedWarnings warnings;
  private final LongAdder failures = new LongAdder();

  /**
   * Publishes by that function, which must not block, what the check does not throw for; tells the
   * observer of what failed, which must not throw.
   */
  public DeferredPublishing(
      Limits limits,
      Consumer<Message> check,
      Function<Message, CompletionStage<EventId>> publish,
      BiConsumer<Message, Throwable> observer,
      LongSupplier nanoClock) {
    this.limits = limits;
    this.check = check;
    this.publish = publish;
    this.observer = observer;
    this.warnings = new LimitedWarnings(log, nanoClock);
  }

  /** For a new transaction. */
  public DeferredPublisher begin() {
    return new DeferredMessages(
        new DeferredMessages.Door() {
          @Override
          public void check(Message message) {
            check.accept(message);
          }

          @Override
          public CompletionStage<EventId> publish(Message message) {
            return published(message);
          }

          @Override
          public void misused(RuntimeException misuse) {
            failures.increment();
            warnings.warn("deferred: a transaction was told to be over twice", misuse);
          }
        },
        limits.messages(),
        limits.characters());
  }

  /** How many messages of committed transactions could not be published. */
  public long failed() {
    return failures.sum();
  }

  /** Never throws: whatever goes wrong is told here, and to the stage. */
  private CompletionStage<EventId> published(Message message) {
    try {
      return publish
          .apply(message)
          .whenComplete(
              (id, failure) -> {
                if (failure != null) {
                  failed(message, Failures.causeOf(failure));
                }
              });
    } catch (Throwable e) {
      failed(message, e);
      return CompletableFuture.failedStage(e);
    }
  }

  private void failed(Message message, Throwable cause) {
    failures.increment();
    warnings.warn("deferred: committed, but not published: " + message, cause);
    observer.accept(message, cause);
  }
}
