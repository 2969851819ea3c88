package dev.eventbroker.pg;

import dev.eventbroker.BrokerException;
import dev.eventbroker.EventId;
import dev.eventbroker.Inbound;
import dev.eventbroker.Message;
import dev.eventbroker.pg.PublishQueue.Chore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores what is published, has it ordered, and brings the order into the broker. Again and again:
 * store a batch, give positions to whatever was committed anywhere, read what comes after the
 * cursor.
 *
 * <p>All but {@link #position}, {@link #caughtUp} and {@link #abandon} runs on the lifeline's
 * thread.
 */
final class OutboxWorker implements Lifeline.Work {

  private static final Logger log = LoggerFactory.getLogger(OutboxWorker.class);

  /** Another node holds the sequencer's row for milliseconds; if longer, the next round tries. */
  private static final String LOCK_NOT_AVAILABLE = "55P03";

  /** What a notification fails with at the commit, when the server's queue has no room for it. */
  private static final String QUEUE_FULL = "54000";

  /** For how long nobody is notified then; seldom enough for runs that are undone not to count. */
  private static final Duration SILENCE = Duration.ofSeconds(1);

  private static final int EPOCH_LENGTH = 12;

  private static final long UNKNOWN = -1;

  private final OutboxSettings settings;
  private final PublishQueue queue;
  private final Inbound inbound;
  private final Housekeeping housekeeping;
  private final OutboxWriter writer;
  private final Runnable onProven;
  private final Pace pace = new Pace();

  // The lifeline's thread.
  private @Nullable EventId cursor;
  private Outbox.@Nullable Row lastRow;
  private long highestSeq;
  private long bytesAtCursor = UNKNOWN;
  private long delivered;
  private long orderedAt;
  private boolean isSilent;
  private long silentSince;

  // Those who wait until all that was committed when they asked is in the broker.
  private final Queue<CompletableFuture<EventId>> waiting = new ConcurrentLinkedQueue<>();

  // Written by the lifeline's thread.
  private volatile long position = -1;

  // Written once, by whoever closes.
  private volatile boolean abandoned;

  OutboxWorker(
      OutboxSettings settings,
      PublishQueue queue,
      Settlement settlement,
      Inbound inbound,
      Housekeeping housekeeping,
      Runnable onProven) {
    this.settings = settings;
    this.queue = queue;
    this.inbound = inbound;
    this.housekeeping = housekeeping;
    this.writer = new OutboxWriter(settings.instance(), settlement, settings.limit());
    this.onProven = onProven;
  }

  // ---- Any thread

  /** The position up to which the broker has everything. */
  long position() {
    return position;
  }

  /**
   * Completes when the broker has everything that is committed by now, with the place of the last;
   * whoever gives up waiting cancels it. Nothing may hang on it that takes time.
   */
  CompletableFuture<EventId> caughtUp() {
    // Those who gave up: while the database is away no round takes them out.
    waiting.removeIf(CompletableFuture::isDone);
    CompletableFuture<EventId> done = new CompletableFuture<>();
    waiting.add(done);
    if (abandoned) {
      failWaiting();
    }
    queue.committed();
    return done;
  }

  /** Once the thread has ended, or was given up: nobody gets anything from here any more. */
  void abandon() {
    writer.abandon();
    abandoned = true;
    failWaiting();
  }

  private void failWaiting() {
    waiting.forEach(
        done -> done.completeExceptionally(new BrokerException.Closed(settings.instance())));
  }

  // ---- The lifeline's thread

  @Override
  public void on(Link link, Lifeline lifeline) throws SQLException, InterruptedException {
    Connection connection = link.connection();
    link.within(settings.limit(), "preparing the connection");
    connection.setAutoCommit(true);
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    Outbox outbox = new Outbox(connection, settings.prefix(), settings.instance());
    EventId here = cursor;
    if (here == null) {
      PgSchema.check(connection, settings.schema(), settings.prefix());
    }
    outbox.adopt();
    if (here != null) {
      // Before anything is stored again: that belongs to the history which goes on from here.
      checkHistory(link, outbox, here);
    }
    writer.connected(link, outbox);
    if (here == null) {
      begin(link, outbox);
    } else {
      round(link, outbox, new Chore(List.of(), true, false));
    }
    lifeline.proven();
    while (!queue.isFinished()) {
      housekeeping.run(link, outbox);
      link.rest();
      long pause = pace.nanosLeft(settings.nanoClock().getAsLong());
      Chore chore = queue.take(nanosToPoll(), pause);
      pace.begin(settings.nanoClock().getAsLong());
      long before = delivered;
      round(link, outbox, chore);
      pace.found(delivered - before);
    }
  }

  @Override
  public void proven() {
    onProven.run();
  }

  /** The first time: what was published lately comes first, so that clients can resume from it. */
  private void begin(Link link, Outbox outbox) throws SQLException {
    Outbox.End newest = order(link, outbox, true).orElse(null);
    if (newest == null) {
      throw new SQLException("another node has held the sequencer for too long");
    }
    EventId end = newest.id();
    long before = Math.max(0, end.position() - settings.preload());
    Optional<Long> first = outbox.firstAfter(before);
    goOnAfter(new EventId(end.epoch(), first.map(pos -> pos - 1).orElse(end.position())));
    catchUp(link, outbox, newest);
    if (lastRow == null) {
      link.within(settings.limit(), "reading the row that it starts after");
      lastRow = outbox.standing(requireCursor().position()).row().orElse(null);
      highestSeq = lastRow == null ? 0 : lastRow.seq();
    }
  }

  /**
   * After a failover the database may have lost what was last published, and given its positions to
   * something else, or be about to: so this comes before anything is given a place. If so, ids from
   * before mean nothing now.
   */
  private void checkHistory(Link link, Outbox outbox, EventId here) throws SQLException {
    link.within(settings.limit(), "comparing histories");
    Outbox.Standing standing = outbox.standing(here.position());
    boolean isReplaced =
        lastRow != null && standing.row().isPresent() && !standing.row().get().equals(lastRow);
    if (isReplaced || standing.newest() < here.position()) {
      startEpoch(link, outbox, here);
    }
  }

  private void round(Link link, Outbox outbox, Chore chore) throws SQLException {
    List<CompletableFuture<EventId>> asking = List.copyOf(waiting);
    if (!chore.publishes().isEmpty()) {
      writer.store(link, outbox, chore.publishes(), highestSeq);
    }
    boolean patient = chore.committed() || writer.isWaiting() || !asking.isEmpty();
    // Whoever has made news has ordered what there was; for more there are hints and polls.
    boolean isNewsOnly = chore.news() && !patient && !isPollDue();
    Optional<Outbox.End> end = isNewsOnly ? look(link, outbox) : order(link, outbox, patient);
    if (end.isPresent()) {
      catchUp(link, outbox, end.get());
      if (patient && requireCursor().position() >= end.get().id().position()) {
        // What was committed before has its place by now, and we have read it.
        writer.settleRest(link, outbox, requireCursor().epoch());
        asking.forEach(done -> done.complete(requireCursor()));
        waiting.removeIf(CompletableFuture::isDone);
      }
    } else if (patient) {
      queue.committed();
    }
  }

  /** News may come so often that there is never time for a poll. */
  private boolean isPollDue() {
    return nanosToPoll() <= 0;
  }

  /** A look at news puts the poll off by nothing. */
  private long nanosToPoll() {
    return settings.pollInterval().toNanos() - (settings.nanoClock().getAsLong() - orderedAt);
  }

  // ---- Ordering and reading

  /** How far the order has got; empty if another node has the sequencer for too long. */
  private Optional<Outbox.End> order(Link link, Outbox outbox, boolean patient)
      throws SQLException {
    link.within(settings.limit(), "ordering events");
    orderedAt = settings.nanoClock().getAsLong();
    try {
      return Optional.of(placeAndTell(outbox, patient));
    } catch (SQLException e) {
      if (!ConnectFailure.isState(e, LOCK_NOT_AVAILABLE)) {
        throw e;
      }
      log.debug("{}: another node has the sequencer", settings.instance());
      return Optional.empty();
    }
  }

  /** A full queue must not keep events from their places: nodes find them by their polls. */
  private Outbox.End placeAndTell(Outbox outbox, boolean patient) throws SQLException {
    if (isSilent && orderedAt - silentSince < SILENCE.toNanos()) {
      return outbox.order(patient, false);
    }
    try {
      Outbox.End end = outbox.order(patient, true);
      if (end.id().position() > position) {
        // A run that has placed nothing has told nobody, and proves nothing.
        isSilent = false;
      }
      return end;
    } catch (SQLException e) {
      if (!ConnectFailure.isState(e, QUEUE_FULL)) {
        throw e;
      }
      if (!isSilent) {
        log.warn("{}: nodes are not notified: {}", settings.instance(), e.getMessage());
      }
      isSilent = true;
      silentSince = orderedAt;
      return outbox.order(patient, false);
    }
  }

  private Optional<Outbox.End> look(Link link, Outbox outbox) throws SQLException {
    link.within(settings.limit(), "looking how far the order has got");
    return Optional.of(outbox.end());
  }

  private void catchUp(Link link, Outbox outbox, Outbox.End newest) throws SQLException {
    EventId end = newest.id();
    EventId here = requireCursor();
    if (!end.epoch().equals(here.epoch())) {
      brokenOff(
          new EventId(end.epoch(), Math.min(here.position(), end.position())),
          "epoch " + end.epoch() + " has begun");
    } else if (end.position() < here.position()) {
      startEpoch(link, outbox, here);
      return;
    }
    long bytes = bytesAtCursor == UNKNOWN ? Long.MAX_VALUE : newest.bytes() - bytesAtCursor;
    boolean full = false;
    while (requireCursor().position() < end.position()) {
      link.within(settings.limit(), "reading events");
      List<Outbox.Placed> page =
          outbox.readAfter(requireCursor().position(), end.position(), bytes, full);
      if (page.isEmpty()) {
        brokenOff(end, "the events up to " + end + " are gone");
        return;
      }
      if (!page.get(0).id().epoch().equals(end.epoch())) {
        // Another epoch has just begun: the next round says so. The hint to these is used up.
        queue.news();
        return;
      }
      try {
        full = !deliver(page);
      } finally {
        writer.tell();
      }
    }
    if (requireCursor().position() == end.position()) {
      bytesAtCursor = newest.bytes();
    }
  }

  /**
   * Delivers as much of the page as it can; whether that was all, or the texts of one of ours are
   * wanted too.
   */
  private boolean deliver(List<Outbox.Placed> page) {
    for (Outbox.Placed placed : page) {
      if (isUnknown(placed)) {
        return false;
      }
      deliver(placed);
    }
    return true;
  }

  /** One of ours whose publisher was told before that its outcome is unknown. */
  private boolean isUnknown(Outbox.Placed placed) {
    return !placed.isRead() && writer.message(placed.ref()) == null;
  }

  private void deliver(Outbox.Placed placed) {
    EventId id = placed.id();
    long expected = requireCursor().position() + 1;
    if (id.position() != expected) {
      brokenOff(
          new EventId(id.epoch(), id.position() - 1),
          "the events from " + expected + " to " + (id.position() - 1) + " are gone");
    }
    Message message =
        placed.isRead() ? placed.message().orElse(null) : writer.message(placed.ref());
    if (message == null) {
      brokenOff(id, "row " + placed.row().seq() + " of the outbox is no valid event");
    } else {
      inbound.message(id, placed.row().at(), message);
      delivered++;
      cursor = id;
      position = id.position();
    }
    lastRow = placed.row();
    highestSeq = Math.max(highestSeq, placed.row().seq());
    writer.placed(placed.ref(), id);
  }

  /** Positions were lost or given twice: ids from before must not be taken for those from now. */
  private void startEpoch(Link link, Outbox outbox, EventId here) throws SQLException {
    link.within(settings.limit(), "starting an epoch");
    outbox.startEpoch(RandomName.of(EPOCH_LENGTH, settings.random()), here.epoch());
    EventId end = placeAndTell(outbox, false).id();
    brokenOff(
        new EventId(end.epoch(), Math.min(here.position(), end.position())),
        "the database has lost what was published last; it goes on in epoch " + end.epoch());
    writer.failStored(
        settings.instance() + ": the database has lost what was published last (outcome: unknown)");
  }

  private void brokenOff(EventId goOn, String why) {
    log.warn("{}: {}; every subscriber is told a gap", settings.instance(), why);
    goOnAfter(goOn);
  }

  private void goOnAfter(EventId place) {
    inbound.begin(place);
    cursor = place;
    position = place.position();
    lastRow = null;
    highestSeq = 0;
    bytesAtCursor = UNKNOWN;
  }

  private EventId requireCursor() {
    EventId here = cursor;
    if (here == null) {
      throw new IllegalStateException("cursor: none (expected: one since the start)");
    }
    return here;
  }
}
