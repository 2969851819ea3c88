package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import dev.eventbroker.pg.PublishQueue.Chore;
import dev.eventbroker.pg.PublishQueue.Publish;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores what is published, has it ordered, and brings the order into the broker. Again and again:
 * store a batch, give positions to whatever was committed anywhere, read what comes after the
 * cursor.
 *
 * <p>All but {@link #position} and {@link #abandon} runs on the lifeline's thread.
 */
final class OutboxWorker implements Lifeline.Work {

  private static final Logger log = LoggerFactory.getLogger(OutboxWorker.class);

  /** Another node holds the sequencer's row for milliseconds; if longer, the next round tries. */
  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private static final int EPOCH_LENGTH = 12;

  private final String instance;
  private final String schema;
  private final PublishQueue queue;
  private final Settlement settlement;
  private final Inbound inbound;
  private final Duration pollInterval;
  private final Duration limit;
  private final long preload;
  private final RandomGenerator random;

  // The lifeline's thread.
  private @Nullable EventId cursor;
  private Outbox.@Nullable Row lastRow;

  // Changed on the lifeline's thread: stored for certain, and waiting for their positions.
  private final Map<Long, Publish> stored = new ConcurrentHashMap<>();

  // Written by the lifeline's thread.
  private volatile long position = -1;

  OutboxWorker(
      String instance,
      String schema,
      PublishQueue queue,
      Settlement settlement,
      Inbound inbound,
      Duration pollInterval,
      Duration limit,
      long preload,
      RandomGenerator random) {
    this.instance = instance;
    this.schema = schema;
    this.queue = queue;
    this.settlement = settlement;
    this.inbound = inbound;
    this.pollInterval = pollInterval;
    this.limit = limit;
    this.preload = preload;
    this.random = random;
  }

  /** The position up to which the broker has everything; any thread. */
  long position() {
    return position;
  }

  /** Once the thread has ended, or was given up: what is stored gets no id from here any more. */
  void abandon() {
    failStored(instance + ": closed before a stored event was given its place");
  }

  // ---- The lifeline's thread

  @Override
  public void on(Link link, Lifeline lifeline) throws SQLException, InterruptedException {
    Connection connection = link.connection();
    link.within(limit, "preparing the connection");
    connection.setAutoCommit(true);
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    Outbox outbox = new Outbox(connection);
    if (cursor == null) {
      PgSchema.check(connection, schema);
      begin(link, outbox);
    } else {
      checkHistory(link, outbox, cursor);
      round(link, outbox, new Chore(List.of(), true));
    }
    lifeline.proven();
    while (!queue.isFinished()) {
      link.rest();
      round(link, outbox, queue.take(pollInterval.toNanos()));
    }
  }

  /** The first time: what was published lately comes first, so that clients can resume from it. */
  private void begin(Link link, Outbox outbox) throws SQLException {
    EventId end = order(link, outbox, true).orElse(null);
    if (end == null) {
      throw new SQLException("another node has held the sequencer for too long");
    }
    long before = Math.max(0, end.position() - preload);
    Optional<Long> first = outbox.firstAfter(before);
    goOnAfter(new EventId(end.epoch(), first.map(pos -> pos - 1).orElse(end.position())));
    catchUp(link, outbox, end);
    if (lastRow == null) {
      link.within(limit, "reading the row that it starts after");
      lastRow = outbox.standing(requireCursor().position()).row().orElse(null);
    }
  }

  /**
   * After a failover the database may have lost what was last published, and given its positions to
   * something else, or be about to: so this comes before anything is given a place. If so, ids from
   * before mean nothing now.
   */
  private void checkHistory(Link link, Outbox outbox, EventId here) throws SQLException {
    link.within(limit, "comparing histories");
    Outbox.Standing standing = outbox.standing(here.position());
    boolean isReplaced =
        lastRow != null && standing.row().isPresent() && !standing.row().get().equals(lastRow);
    if (isReplaced || standing.newest() < here.position()) {
      startEpoch(link, outbox, here);
    }
  }

  private void round(Link link, Outbox outbox, Chore chore) throws SQLException {
    if (!chore.publishes().isEmpty()) {
      store(link, outbox, chore.publishes());
    }
    boolean patient = chore.committed() || !stored.isEmpty();
    Optional<EventId> end = order(link, outbox, patient);
    if (end.isPresent()) {
      catchUp(link, outbox, end.get());
      if (patient && requireCursor().position() >= end.get().position()) {
        // What was committed before has its place by now, and we have read it.
        failStored(instance + ": the database has lost a stored event (outcome: unknown)");
      }
    } else if (patient) {
      queue.committed();
    }
  }

  // ---- Storing

  private void store(Link link, Outbox outbox, List<Publish> batch) throws SQLException {
    link.within(limit, "storing events");
    try {
      List<Long> seqs = outbox.store(instance, batch.stream().map(Publish::event).toList());
      for (int i = 0; i < batch.size(); i++) {
        stored.put(seqs.get(i), batch.get(i));
      }
    } catch (SQLException e) {
      if (ConnectFailure.isAboutTheValues(e) && batch.size() > 1) {
        storeOneByOne(link, outbox, batch);
      } else if (ConnectFailure.isRefusal(e)) {
        BrokerException refused =
            new BrokerException(instance + ": not stored: " + e.getMessage(), e);
        batch.forEach(publish -> settlement.fail(publish, refused));
      } else {
        failUnknown(batch, e);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      failUnknown(batch, e);
      throw e;
    }
  }

  private void failUnknown(List<Publish> batch, Throwable cause) {
    OutcomeUnknownException unknown =
        new OutcomeUnknownException(
            instance
                + ": the connection was lost while the event was being stored (outcome: unknown)",
            cause);
    batch.forEach(publish -> settlement.fail(publish, unknown));
  }

  /** One event that can't be stored must not take the others of its batch with it. */
  private void storeOneByOne(Link link, Outbox outbox, List<Publish> batch) throws SQLException {
    int sent = 0;
    try {
      for (Publish publish : batch) {
        sent++;
        store(link, outbox, List.of(publish));
      }
    } finally {
      // When the connection was lost on the way, these were never sent.
      for (Publish publish : batch.subList(sent, batch.size())) {
        settlement.fail(
            publish, new BrokerException(instance + ": not stored: the connection was lost"));
      }
    }
  }

  // ---- Ordering and reading

  /** The place of the newest event; empty if another node has the sequencer for too long. */
  private Optional<EventId> order(Link link, Outbox outbox, boolean patient) throws SQLException {
    link.within(limit, "ordering events");
    try {
      return Optional.of(outbox.order(patient));
    } catch (SQLException e) {
      if (!ConnectFailure.isState(e, LOCK_NOT_AVAILABLE)) {
        throw e;
      }
      log.debug("{}: another node has the sequencer", instance);
      return Optional.empty();
    }
  }

  private void catchUp(Link link, Outbox outbox, EventId end) throws SQLException {
    EventId here = requireCursor();
    if (!end.epoch().equals(here.epoch())) {
      brokenOff(
          new EventId(end.epoch(), Math.min(here.position(), end.position())),
          "another node started epoch " + end.epoch());
    } else if (end.position() < here.position()) {
      startEpoch(link, outbox, here);
      return;
    }
    while (requireCursor().position() < end.position()) {
      link.within(limit, "reading events");
      List<Outbox.Placed> page = outbox.readAfter(requireCursor().position());
      if (page.isEmpty()) {
        brokenOff(end, "the events up to " + end + " are gone");
        return;
      }
      for (Outbox.Placed placed : page) {
        if (!placed.id().epoch().equals(end.epoch())) {
          // Another epoch has just begun: the next round says so.
          return;
        }
        deliver(placed);
      }
    }
  }

  private void deliver(Outbox.Placed placed) {
    EventId id = placed.id();
    long expected = requireCursor().position() + 1;
    if (id.position() != expected) {
      brokenOff(
          new EventId(id.epoch(), id.position() - 1),
          "the events from " + expected + " to " + (id.position() - 1) + " are gone");
    }
    if (placed.event().isPresent()) {
      inbound.message(id, placed.row().at(), placed.event().get());
      cursor = id;
      position = id.position();
    } else {
      brokenOff(id, "row " + placed.row().seq() + " of the outbox is no valid event");
    }
    lastRow = placed.row();
    Publish publish =
        instance.equals(placed.publisher()) ? stored.remove(placed.row().seq()) : null;
    if (publish != null) {
      settlement.complete(publish, id);
    }
  }

  /** Positions were lost or given twice: ids from before must not be taken for those from now. */
  private void startEpoch(Link link, Outbox outbox, EventId here) throws SQLException {
    link.within(limit, "starting an epoch");
    outbox.startEpoch(RandomName.of(EPOCH_LENGTH, random), here.epoch());
    EventId end = outbox.order(false);
    brokenOff(
        new EventId(end.epoch(), Math.min(here.position(), end.position())),
        "the database has lost what was published last; it goes on in epoch " + end.epoch());
    failStored(instance + ": the database has lost what was published last (outcome: unknown)");
  }

  private void brokenOff(EventId goOn, String why) {
    log.warn("{}: {}; every subscriber is told a gap", instance, why);
    goOnAfter(goOn);
  }

  private void goOnAfter(EventId place) {
    inbound.begin(place);
    cursor = place;
    position = place.position();
    lastRow = null;
  }

  private EventId requireCursor() {
    EventId here = cursor;
    if (here == null) {
      throw new IllegalStateException("cursor: none (expected: one since the start)");
    }
    return here;
  }

  private void failStored(String message) {
    stored
        .values()
        .removeIf(
            publish -> {
              settlement.fail(publish, new OutcomeUnknownException(message, null));
              return true;
            });
  }
}
