package dev.eventbroker.detached;

import static java.util.Objects.requireNonNull;

import dev.eventbroker.BrokerException;
import dev.eventbroker.DeferredPublisher;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.TopicFilter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** The messages of one transaction. Not safe for several threads at a time. */
final class DeferredMessages implements DeferredPublisher {

  /** The way out. */
  interface Door {

    /** Throws if the message would not be taken. */
    void check(Message message);

    /** Publishes it; never throws, and tells of failures itself. */
    CompletionStage<EventId> publish(Message message);

    /** Somebody said twice how the transaction ended, and must not be thrown at. */
    void misused(RuntimeException misuse);
  }

  private enum State {
    OPEN("open"),
    COMMITTED("committed"),
    ROLLED_BACK("rolled back"),
    IN_DOUBT("in doubt"),
    CLOSED("closed");

    private final String word;

    State(String word) {
      this.word = word;
    }
  }

  private final Door door;
  private final int mostMessages;
  private final long mostCharacters;
  private final List<Message> messages = new ArrayList<>();
  private long characters;
  private State state = State.OPEN;

  DeferredMessages(Door door, int mostMessages, long mostCharacters) {
    this.door = door;
    this.mostMessages = mostMessages;
    this.mostCharacters = mostCharacters;
  }

  @Override
  public void publish(Message message) {
    requireNonNull(message, "message");
    if (state != State.OPEN) {
      throw ended();
    }
    door.check(message);
    int length = message instanceof Event event ? event.data().length() : 0;
    if (messages.size() == mostMessages) {
      throw full(mostMessages + " messages");
    }
    if (characters + length > mostCharacters) {
      throw full(characters + " of " + mostCharacters + " characters");
    }
    characters += length;
    messages.add(message);
  }

  @Override
  public CompletionStage<List<EventId>> committed() {
    return end(State.COMMITTED, messages);
  }

  @Override
  public CompletionStage<List<EventId>> inDoubt() {
    LinkedHashSet<Message> once = new LinkedHashSet<>();
    messages.forEach(message -> once.add(harmless(message)));
    return end(State.IN_DOUBT, once);
  }

  @Override
  public void rolledBack() {
    if (state == State.COMMITTED || state == State.IN_DOUBT) {
      throw ended();
    }
    drop(State.ROLLED_BACK);
  }

  @Override
  public void close() {
    if (state == State.OPEN) {
      drop(State.CLOSED);
    }
  }

  /** What may be said although it may not have happened. */
  private static Message harmless(Message message) {
    return message instanceof Event event
        ? new Interruption(TopicFilter.exactly(event.topic()))
        : message;
  }

  private CompletionStage<List<EventId>> end(State how, Iterable<Message> toPublish) {
    if (state != State.OPEN) {
      BrokerException misuse = ended();
      door.misused(misuse);
      return CompletableFuture.failedStage(misuse);
    }
    List<Message> taken = new ArrayList<>();
    toPublish.forEach(taken::add);
    // Over before anything is published: who is called back meanwhile finds it so.
    drop(how);
    List<CompletableFuture<EventId>> published = new ArrayList<>();
    for (Message message : taken) {
      CompletableFuture<EventId> outcome = new CompletableFuture<>();
      var unused =
          door.publish(message)
              .whenComplete(
                  (id, failure) -> {
                    if (failure == null) {
                      outcome.complete(id);
                    } else {
                      outcome.completeExceptionally(Failures.causeOf(failure));
                    }
                  });
      published.add(outcome);
    }
    return all(published);
  }

  private void drop(State how) {
    state = how;
    messages.clear();
    characters = 0;
  }

  private static CompletionStage<List<EventId>> all(List<CompletableFuture<EventId>> published) {
    return CompletableFuture.allOf(published.toArray(CompletableFuture[]::new))
        .handle(
            (nothing, failure) -> {
              if (failure != null) {
                throw firstFailureOf(published);
              }
              return published.stream().map(CompletableFuture::join).toList();
            })
        .minimalCompletionStage();
  }

  private static CompletionException firstFailureOf(List<CompletableFuture<EventId>> published) {
    List<Throwable> failures =
        published.stream()
            .filter(CompletableFuture::isCompletedExceptionally)
            .map(outcome -> outcome.handle((id, failure) -> failure).join())
            .toList();
    Throwable first = failures.get(0);
    failures.stream().skip(1).filter(other -> other != first).forEach(first::addSuppressed);
    return new CompletionException(first);
  }

  private BrokerException ended() {
    return new BrokerException(
        "deferred: "
            + state.word
            + " already (expected: open; each transaction takes its own from Broker.deferred())");
  }

  private BrokerException.Overloaded full(String held) {
    return new BrokerException.Overloaded(
        "deferred: "
            + held
            + " are held already (expected: fewer; an Interruption of the topics says as much)");
  }
}
