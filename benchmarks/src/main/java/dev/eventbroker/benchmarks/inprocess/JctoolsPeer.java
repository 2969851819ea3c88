package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.MpscArrayQueue;

/**
 * What one would write by hand: a JCTools queue for each subscriber, and a thread that goes through
 * all queues again and again. One thread, for a second one halved it at 1 000 subscribers on two
 * cores: publisher and drain have one each. The queues take several publishers, as ours do. A
 * publisher waits while a queue is full. On many topics the thread looks at many empty queues: that
 * is what the simple form costs there.
 */
final class JctoolsPeer implements Peer {

  private final Channels<Queues> channels;
  private final Drain drain = new Drain();

  JctoolsPeer(int topics) {
    channels = new Channels<>(topics, Queues::new);
    drain.start();
  }

  @Override
  public Runnable subscribe(TopicFilter filter, Listener listener) {
    Queues topic = channels.of(filter);
    Mailbox mailbox = new Mailbox(listener);
    drain.queues.add(mailbox);
    topic.add(mailbox);
    return () -> {
      topic.remove(mailbox);
      drain.queues.remove(mailbox);
    };
  }

  @Override
  public void publish(Tick tick) {
    for (Mailbox mailbox : channels.of(tick).all) {
      while (!mailbox.ticks.offer(tick)) {
        drain.wake();
        Thread.onSpinWait();
      }
    }
    VarHandle.fullFence(); // what was put in comes before the look whether it is parked
    drain.wake();
  }

  @Override
  public void close() {
    drain.end();
  }

  /** A subscriber and what waits for it. */
  private static final class Mailbox {

    final MpscArrayQueue<Tick> ticks = new MpscArrayQueue<>(WAITING);
    final Listener listener;

    Mailbox(Listener listener) {
      this.listener = listener;
    }
  }

  /** An array that is copied on change. */
  private static final class Queues {

    private volatile Mailbox[] all = {};

    synchronized void add(Mailbox mailbox) {
      Mailbox[] more = Arrays.copyOf(all, all.length + 1);
      more[all.length] = mailbox;
      all = more;
    }

    synchronized void remove(Mailbox mailbox) {
      all = Arrays.stream(all).filter(other -> other != mailbox).toArray(Mailbox[]::new);
    }
  }

  /** A thread that empties its queues, and parks when all are empty. */
  private static final class Drain implements Runnable {

    private final Queues queues = new Queues();
    private final Thread thread = new Thread(this, "jctools");
    private volatile boolean parked;
    private volatile boolean ended;

    void start() {
      thread.setDaemon(true);
      thread.start();
    }

    void wake() {
      if (parked) {
        parked = false; // the next publisher need not do it again
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void run() {
      while (!ended) {
        if (drainAll()) {
          continue;
        }
        parked = true;
        if (!drainAll() && !ended) {
          LockSupport.park(this);
        }
        parked = false;
      }
    }

    private boolean drainAll() {
      boolean any = false;
      for (Mailbox mailbox : queues.all) {
        Tick tick = mailbox.ticks.relaxedPoll();
        while (tick != null) {
          any = true;
          mailbox.listener.accept(tick);
          tick = mailbox.ticks.relaxedPoll();
        }
      }
      return any;
    }

    void end() {
      ended = true;
      LockSupport.unpark(thread);
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
