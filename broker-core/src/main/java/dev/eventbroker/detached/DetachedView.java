package dev.eventbroker.detached;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.Audience;
import dev.eventbroker.AudienceResolver;
import dev.eventbroker.DetachedPublisher;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Retry;
import dev.eventbroker.Topic;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;

/** Publishing through the workers in one manner. Holds nothing of its own. */
public final class DetachedView implements DetachedPublisher {

  private final DetachedWorkers workers;
  private final Manner manner;

  /** Tries everything once, and tells no gaps. */
  public DetachedView(DetachedWorkers workers) {
    this(workers, Manner.PLAIN);
  }

  private DetachedView(DetachedWorkers workers, Manner manner) {
    this.workers = workers;
    this.manner = manner;
  }

  @Override
  public DetachedPublisher retrying(Retry retry) {
    return new DetachedView(workers, manner.retrying(requireNonNull(retry, "retry")));
  }

  @Override
  public DetachedPublisher tellingGaps() {
    return new DetachedView(workers, manner.tellingGaps());
  }

  @Override
  public <T> CompletionStage<T> submit(Topic topic, Task<T> task) {
    requireNonNull(topic, "topic");
    requireNonNull(task, "task");
    return workers.submit(topic, task, manner);
  }

  @Override
  public CompletionStage<EventId> publish(Event event) {
    Event taken = repeatable(requireNonNull(event, "event"));
    return published(taken, context -> context.publish(taken));
  }

  @Override
  public CompletionStage<EventId> publish(Event event, AudienceResolver resolver) {
    requireNonNull(resolver, "resolver");
    Event taken = repeatable(requireNonNull(event, "event"));
    return published(
        taken,
        context -> {
          Audience audience = resolver.resolve(context, taken, workers.around().connected().get());
          // A resolver that forgot to answer did not say "nobody".
          requireNonNull(audience, "audience");
          return context.publish(taken.withAudience(audience));
        });
  }

  /** Under one name for all attempts, so that two which both succeed are one event. */
  private Event repeatable(Event event) {
    if (manner.retry().isEmpty() || event.idempotencyKey().isPresent()) {
      return event;
    }
    RandomGenerator random = workers.around().random();
    return event.withIdempotencyKey(
        String.format("%016x%016x", random.nextLong(), random.nextLong()));
  }

  /** What is tried again has been stored when its task is over; the rest may still fail then. */
  private CompletionStage<EventId> published(Event event, Task<CompletionStage<EventId>> task) {
    return workers
        .submit(event.topic(), task, manner)
        .thenCompose(
            stored ->
                stored.whenComplete(
                    (id, failure) -> {
                      if (failure != null) {
                        workers.notStored(event.topic(), event.type(), manner, failure);
                      }
                    }));
  }
}
