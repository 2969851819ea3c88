package dev.eventbroker.engine;

import dev.eventbroker.Registration;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SubscribeRequest;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The snapshot of one subscription: loaded off its lane, and joined to what the log has kept since
 * the subscription was armed. Touched by the thread of its lane only, but for {@link #giveUp}.
 */
final class Handshake {

  /**
   * Fresh snapshots in a row that a busy log may overtake before the subscription ends as too slow.
   */
  private static final int MAX_OVERTAKEN = 3;

  private final SnapshotLoader loader;
  private final Log log;
  private final String principal;
  private final SubscribeRequest.Loading loading;
  private final Duration timeout;
  private volatile Registration load = () -> {};
  private int overtaken;
  private @Nullable Snapshot shown;
  private long overlapEnd;

  Handshake(
      SnapshotLoader loader,
      Log log,
      String principal,
      SubscribeRequest.Loading loading,
      Duration timeout) {
    this.loader = loader;
    this.log = log;
    this.principal = principal;
    this.loading = loading;
    this.timeout = timeout;
  }

  /**
   * Starts to load. The end is told once, on another thread, unless the load is given up.
   *
   * @param onEnd what came of it
   */
  void begin(Consumer<Loaded> onEnd) {
    shown = null;
    load =
        loader.load(
            principal,
            loading,
            timeout,
            new SnapshotLoader.Ending() {
              @Override
              public void loaded(Snapshot snapshot) {
                onEnd.accept(new Loaded(snapshot, log.tail()));
              }

              @Override
              public void failed() {
                onEnd.accept(new Loaded(null, 0));
              }
            });
  }

  /** Any thread: nobody waits for it any more. */
  void giveUp() {
    load.close();
  }

  /** The log has moved past the place that the snapshot was to be joined at; whether once more. */
  boolean mayTryAgain() {
    overtaken++;
    return overtaken < MAX_OVERTAKEN;
  }

  /** What the subscriber is shown: what was loaded, or what its authorised value says. */
  Snapshot show(Loaded loaded) {
    Snapshot snapshot = loaded.snapshot == null ? loading.fallback() : loaded.snapshot;
    overtaken = 0;
    shown = snapshot;
    overlapEnd = loaded.tail;
    return snapshot;
  }

  /** Whether there may be such a snapshot for what is still to be read. */
  boolean mayOverlap() {
    return shown != null;
  }

  /** The snapshot that may hold this event already; null if there is none. */
  @Nullable Snapshot overlapping(Entry.OfEvent event) {
    if (event.sequence >= overlapEnd) {
      shown = null; // it may be large, and has nothing to say any more
    }
    return shown;
  }

  /**
   * How a load ended.
   *
   * @param snapshot null if it failed
   * @param tail the log's tail when it ended: what came later cannot be part of the snapshot
   */
  record Loaded(@Nullable Snapshot snapshot, long tail) {}
}
