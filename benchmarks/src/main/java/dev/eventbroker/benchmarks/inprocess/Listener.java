package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Delivery;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A subscriber, of a peer or of ours: counts what it gets, and passes the gate of its publisher
 * whenever it has its share of a batch. Called by one thread at a time; allocates nothing.
 */
abstract class Listener implements Consumer<Tick>, Subscriber {

  @Override
  public final void onGap(Gap gap) {
    throw new IllegalStateException("lost events: " + gap);
  }

  /**
   * Whether it has counted exactly what was sent, neither less nor more; when all is over.
   *
   * @param sent how many events each of the publishers has published
   */
  abstract boolean hasCounted(long[] sent);

  /** Hears one publisher on one topic: the whole batch is its share, and what comes is the next. */
  static final class OfOne extends Listener {

    private final Gate[] gates;
    private final int batch;
    private long counted;
    private long share;
    private int turn;

    OfOne(Gate[] gates, int batch) {
      this.gates = gates;
      this.batch = batch;
      this.share = batch;
    }

    @Override
    public void accept(Tick tick) {
      count();
    }

    @Override
    public void onEvent(Delivery delivery) {
      count();
    }

    private void count() {
      if (++counted == share) {
        share += batch;
        gates[turn].arrive();
        turn ^= 1;
      }
    }

    @Override
    boolean hasCounted(long[] sent) {
      return counted == sent[0];
    }
  }

  /** Hears several publishers on one topic, and counts for each of them. */
  static final class OfSeveral extends Listener {

    private final Gate[][] gates;
    private final int batch;
    private final long[] counted;

    OfSeveral(Gate[][] gates, int batch) {
      this.gates = gates;
      this.batch = batch;
      this.counted = new long[gates.length];
    }

    @Override
    public void accept(Tick tick) {
      count(tick.publisher());
    }

    @Override
    public void onEvent(Delivery delivery) {
      count(delivery.event().data().charAt(0) - Tick.FIRST_PUBLISHER);
    }

    private void count(int publisher) {
      long now = ++counted[publisher];
      if (now % batch == 0) {
        gates[publisher][(int) (now / batch - 1) & 1].arrive();
      }
    }

    @Override
    boolean hasCounted(long[] sent) {
      return Arrays.equals(counted, sent);
    }
  }

  /**
   * The only one on its topic, which has its turn once in a while: each event is its share of the
   * batch that it is in.
   */
  static final class OfOwnTopic extends Listener {

    private final Gate[] gates;
    private final int batch;
    private final int publisher;
    private final int topics;
    private long next;

    /**
     * @param publisher whose topic it is
     * @param topics how many that publisher has
     * @param next where in the row of its events the first one on this topic is
     */
    OfOwnTopic(Gate[] gates, int batch, int publisher, int topics, long next) {
      this.gates = gates;
      this.batch = batch;
      this.publisher = publisher;
      this.topics = topics;
      this.next = next;
    }

    @Override
    public void accept(Tick tick) {
      count();
    }

    @Override
    public void onEvent(Delivery delivery) {
      count();
    }

    private void count() {
      gates[(int) (next / batch) & 1].arrive();
      next += topics;
    }

    @Override
    boolean hasCounted(long[] sent) {
      return next >= sent[publisher] && next < sent[publisher] + topics;
    }
  }
}
