package dev.eventbroker;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Publishing that waits for a commit: collects the messages of one transaction, and publishes them
 * in their order once it is committed, or drops them. Made by {@link Broker#deferred}; one for each
 * transaction, used by one thread at a time.
 *
 * <p>With plain JDBC:
 *
 * <pre>{@code
 * try (DeferredPublisher events = broker.deferred()) {   // what is left at the end is dropped
 *   connection.setAutoCommit(false);
 *   ...                                                  // statements, events.publish(...)
 *   connection.commit();
 *   events.committed();
 * }
 * }</pre>
 *
 * <p>With Spring, register a {@code TransactionSynchronization} whose {@code afterCompletion} calls
 * {@link #committed} for {@code STATUS_COMMITTED}, {@link #rolledBack} for {@code
 * STATUS_ROLLED_BACK} and {@link #inDoubt} for {@code STATUS_UNKNOWN}. It must not be {@code
 * beforeCommit}: a commit can still fail after that.
 *
 * <p>What was committed and what is published are two steps, so a process that dies between them
 * loses the messages. Where the database is the backplane's own, publishing in its transaction has
 * no such moment.
 */
public interface DeferredPublisher extends AutoCloseable {

  /**
   * Takes a message to be published on commit.
   *
   * @throws IllegalArgumentException if the broker would not take it, so that the transaction can
   *     still be rolled back
   * @throws BrokerException.Overloaded if the transaction has as many messages, or as many
   *     characters, as are held for one; an {@link Interruption} of the topics says the same in
   *     fewer
   * @throws BrokerException.Closed if the broker was closed
   * @throws BrokerException if the transaction has ended
   */
  void publish(Message message);

  /**
   * The transaction was committed: publishes what was taken, in order, on this thread, which {@link
   * Broker#publish} never blocks.
   *
   * <p>Never throws: whoever committed must not be told by an exception that it failed. What can't
   * be published is logged at WARN, counted, told to the {@link BrokerObserver} and fails the
   * stage; the messages after it are published all the same. A call after the end publishes nothing
   * and is such a failure too.
   *
   * @return the ids in the order of the messages; or the first failure, with the others suppressed
   *     in it, once it is known what became of all
   */
  CompletionStage<List<EventId>> committed();

  /**
   * The transaction was rolled back: drops what was taken. Any further call does nothing.
   *
   * @throws BrokerException if it was told to be committed or in doubt before
   */
  void rolledBack();

  /**
   * Nobody knows whether the transaction was committed, for instance because the connection broke
   * during the commit: publishes no event, but an {@link Interruption} for each of their topics, so
   * that subscribers reload what is true. Interruptions and revocations that were taken are
   * published as they are, for they only make clients ask again.
   *
   * <p>Never throws, as {@link #committed}.
   */
  CompletionStage<List<EventId>> inDoubt();

  /** Drops what was taken, unless the transaction has ended. Never throws; idempotent. */
  @Override
  void close();
}
