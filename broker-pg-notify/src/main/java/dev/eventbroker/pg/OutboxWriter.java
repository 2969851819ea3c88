package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.Message;
import dev.eventbroker.pg.PublishQueue.Publish;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores what is published, and knows of each message what became of it: every one is given a
 * number of this instance's own (its ref) that stands in its row, so that after a lost connection
 * it can be looked up instead of guessed at.
 *
 * <p>All but {@link #abandon} on the worker's thread.
 */
final class OutboxWriter {

  private static final Logger log = LoggerFactory.getLogger(OutboxWriter.class);

  /** A backend that was told to end does so at once, unless it is frozen. */
  private static final Duration MAX_END_TIMEOUT = Duration.ofSeconds(5);

  private final String instance;
  private final Settlement settlement;
  private final Duration limit;

  // The worker's thread.
  private long lastRef;
  private @Nullable Backend backend;
  private @Nullable Backend doubtedBackend;
  private long doubtedAfterSeq;
  private @Nullable Throwable doubt;
  private List<Settlement.Placed> placed = new ArrayList<>();

  // Changed on the worker's thread: stored for certain, and waiting for their positions.
  private final Map<Long, Publish> stored = new ConcurrentHashMap<>();

  // Changed on the worker's thread: the connection was lost while they were being stored.
  private final Map<Long, Publish> doubted = new ConcurrentSkipListMap<>();

  OutboxWriter(String instance, Settlement settlement, Duration limit) {
    this.instance = instance;
    this.settlement = settlement;
    this.limit = limit;
  }

  /** Whether something of ours waits for its place. */
  boolean isWaiting() {
    return !stored.isEmpty();
  }

  // ---- A new connection

  /**
   * Finds out what became of what was being stored when the last connection was lost. Its backend
   * may still be at it, so that is ended first: what is not there then will never be, and is stored
   * again, before anything that was published later.
   */
  void connected(Link link, Outbox outbox) throws SQLException {
    link.within(limit, "asking who it is");
    Backend lost = doubtedBackend;
    backend = Backend.of(link.connection());
    if (doubted.isEmpty()) {
      return;
    }
    Map<Long, Publish> open = new ConcurrentSkipListMap<>(doubted);
    boolean isOver = lost == null || lost.end(link.connection(), endTimeout());
    Set<Long> found = outbox.stored(doubtedAfterSeq, open.keySet().iterator().next());
    List<Publish> again = new ArrayList<>();
    open.forEach(
        (ref, publish) -> {
          if (found.contains(ref)) {
            stored.put(ref, publish);
          } else if (isOver || publish.row().idempotencyKey() != null) {
            again.add(publish);
          } else {
            failUnknown(publish, "and its backend does not end");
          }
        });
    log.info(
        "{}: of {} messages in doubt, {} were stored and {} are stored again",
        instance,
        open.size(),
        found.size(),
        again.size());
    doubted.clear();
    if (!again.isEmpty()) {
      store(link, outbox, again, doubtedAfterSeq);
    }
  }

  private Duration endTimeout() {
    Duration half = limit.dividedBy(2);
    return half.compareTo(MAX_END_TIMEOUT) < 0 ? half : MAX_END_TIMEOUT;
  }

  // ---- Storing

  /**
   * Stores them in one transaction, or tells their publishers why not.
   *
   * @param afterSeq a row number that was given out before
   * @throws SQLException if the connection was lost; what became of them is found out with the next
   */
  void store(Link link, Outbox outbox, List<Publish> batch, long afterSeq) throws SQLException {
    link.within(limit, "storing events");
    List<Long> refs = batch.stream().map(publish -> ++lastRef).toList();
    try {
      outbox.store(refs, batch.stream().map(Publish::row).toList());
      for (int i = 0; i < refs.size(); i++) {
        stored.put(refs.get(i), batch.get(i));
      }
    } catch (SQLException e) {
      if (ConnectFailure.isAboutTheValues(e) && batch.size() > 1) {
        storeOneByOne(link, outbox, batch, afterSeq);
      } else if (ConnectFailure.isRefusal(e)) {
        BrokerException refused =
            new BrokerException(instance + ": not stored: " + e.getMessage(), e);
        batch.forEach(publish -> settlement.fail(publish, refused));
      } else {
        inDoubt(refs, batch, afterSeq, e);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      inDoubt(refs, batch, afterSeq, e);
      throw e;
    }
  }

  /** One event that can't be stored must not take the others of its batch with it. */
  private void storeOneByOne(Link link, Outbox outbox, List<Publish> batch, long afterSeq)
      throws SQLException {
    int sent = 0;
    try {
      for (Publish publish : batch) {
        sent++;
        store(link, outbox, List.of(publish), afterSeq);
      }
    } finally {
      // When the connection was lost on the way, these were never sent, and come next.
      for (Publish publish : batch.subList(sent, batch.size())) {
        doubted.put(++lastRef, publish);
      }
    }
  }

  private void inDoubt(List<Long> refs, List<Publish> batch, long afterSeq, Throwable cause) {
    doubt = cause;
    doubtedBackend = backend;
    doubtedAfterSeq = afterSeq;
    for (int i = 0; i < refs.size(); i++) {
      doubted.put(refs.get(i), batch.get(i));
    }
  }

  // ---- Settling

  /** The message that was stored under that number, which now has its place; null if unknown. */
  @Nullable Message message(long ref) {
    Publish publish = stored.get(ref);
    return publish == null ? null : publish.message();
  }

  /** It has its place, and this node's log has it; its publisher is told with {@link #tell}. */
  void placed(long ref, EventId id) {
    Publish publish = stored.remove(ref);
    if (publish != null) {
      placed.add(new Settlement.Placed(publish, id));
    }
  }

  /** Tells the publishers of what has its place. */
  void tell() {
    if (!placed.isEmpty()) {
      settlement.complete(placed);
      placed = new ArrayList<>();
    }
  }

  /**
   * Everything that was committed up to here has its place and was read: what still waits was
   * published before under the same key and shares that place, or was lost.
   */
  void settleRest(Link link, Outbox outbox, String epoch) throws SQLException {
    if (stored.isEmpty()) {
      return;
    }
    List<String> keys =
        stored.values().stream()
            .flatMap(publish -> Optional.ofNullable(publish.row().idempotencyKey()).stream())
            .toList();
    if (!keys.isEmpty()) {
      link.within(limit, "looking up idempotency keys");
      Map<String, Long> positions = outbox.positions(keys);
      stored.forEach(
          (ref, publish) -> {
            String key = publish.row().idempotencyKey();
            Long position = key == null ? null : positions.get(key);
            if (position != null) {
              placed(ref, new EventId(epoch, position));
            }
          });
    }
    tell();
    failStored(
        instance
            + ": the database has lost a stored event, or it was removed before it came here"
            + " (outcome: unknown)");
  }

  void failStored(String message) {
    stored
        .values()
        .removeIf(
            publish -> {
              settlement.fail(publish, new OutcomeUnknownException(message, null));
              return true;
            });
  }

  private void failUnknown(Publish publish, String more) {
    settlement.fail(
        publish,
        new OutcomeUnknownException(
            instance
                + ": the connection was lost while the event was being stored "
                + more
                + " (outcome: unknown)",
            doubt));
  }

  /** Once the thread has ended, or was given up: nobody is told anything else from here. */
  void abandon() {
    failStored(instance + ": closed before a stored event was given its place");
    doubted
        .values()
        .removeIf(
            publish -> {
              failUnknown(publish, "and not got back before the close");
              return true;
            });
  }
}
