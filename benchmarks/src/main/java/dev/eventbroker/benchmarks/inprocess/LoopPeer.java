package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;
import java.util.Arrays;

/**
 * The floor: the publisher's thread goes through an array that is copied on change. It does nothing
 * else, so nobody who does anything can be as fast, but for who has more threads. With several
 * publishers a subscriber is called by all of them at once; it counts for each apart.
 */
final class LoopPeer implements Peer {

  private final Channels<Callbacks> channels;

  LoopPeer(int topics) {
    channels = new Channels<>(topics, Callbacks::new);
  }

  @Override
  public Runnable subscribe(TopicFilter filter, Listener listener) {
    Callbacks callbacks = channels.of(filter);
    callbacks.add(listener);
    return () -> callbacks.remove(listener);
  }

  @Override
  public void publish(Tick tick) {
    for (Listener listener : channels.of(tick).all) {
      listener.accept(tick);
    }
  }

  @Override
  public void close() {
    // has no threads
  }

  private static final class Callbacks {

    private volatile Listener[] all = {};

    synchronized void add(Listener listener) {
      Listener[] more = Arrays.copyOf(all, all.length + 1);
      more[all.length] = listener;
      all = more;
    }

    synchronized void remove(Listener listener) {
      int at = Arrays.asList(all).indexOf(listener);
      Listener[] less = Arrays.copyOf(all, all.length - 1);
      System.arraycopy(all, at + 1, less, at, less.length - at);
      all = less;
    }
  }
}
