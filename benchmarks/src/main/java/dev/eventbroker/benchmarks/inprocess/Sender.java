package dev.eventbroker.benchmarks.inprocess;

/**
 * A publisher with a bounded number of events in flight: it publishes a batch, then waits until the
 * batch before has been counted. Owned by one thread at a time.
 */
final class Sender {

  private final Peer peer;
  private final Tick[] ticks;
  private final Gate[] gates;
  private final int batch;
  private final int arrivals;
  private int nextTick;
  private int turn;
  private long sent;

  /**
   * @param ticks are published in turn
   * @param gates two, for the batches in turn
   * @param batch how many events
   * @param arrivals how often a batch is counted at its gate
   */
  Sender(Peer peer, Tick[] ticks, Gate[] gates, int batch, int arrivals) {
    this.peer = peer;
    this.ticks = ticks;
    this.gates = gates;
    this.batch = batch;
    this.arrivals = arrivals;
  }

  /**
   * Publishes a batch and waits for the one before.
   *
   * @return the events of the one before, which all who are to have them have counted
   */
  int publishBatch() {
    expectBatch();
    for (int i = 0; i < batch; i++) {
      publishNext();
    }
    return awaitBatchBefore();
  }

  /** A batch begins. */
  void expectBatch() {
    gates[turn].expect(arrivals);
    turn ^= 1;
  }

  /** Publishes one event of the batch. */
  void publishNext() {
    Tick tick = ticks[nextTick];
    nextTick = nextTick + 1 == ticks.length ? 0 : nextTick + 1;
    peer.publish(tick);
    sent++;
  }

  private int awaitBatchBefore() {
    gates[turn].await();
    return sent > batch ? batch : 0;
  }

  /** Waits for everything. */
  void awaitAll() {
    gates[0].await();
    gates[1].await();
  }

  long sent() {
    return sent;
  }
}
