package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.SubmissionPublisher;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's {@link SubmissionPublisher}: a buffer for each subscriber, drained by the threads of a
 * pool. {@code submit} waits while a buffer is full, so nothing is lost. Demand is unbounded, which
 * is what costs it least.
 */
final class SubmissionPeer implements Peer {

  private final ForkJoinPool threads = new ForkJoinPool(THREADS);
  private final Channels<SubmissionPublisher<Tick>> channels;

  SubmissionPeer(int topics) {
    channels = new Channels<>(topics, () -> new SubmissionPublisher<>(threads, WAITING));
  }

  @Override
  public Runnable subscribe(TopicFilter filter, Listener listener) {
    Unbounded subscriber = new Unbounded(listener);
    channels.of(filter).subscribe(subscriber);
    return subscriber::cancel;
  }

  @Override
  public void publish(Tick tick) {
    channels.of(tick).submit(tick);
  }

  @Override
  public void close() {
    channels.forEach(SubmissionPublisher::close);
    Threads.end(threads);
  }

  /** Asks for everything. It is told of its subscription on the pool, perhaps after its end. */
  private static final class Unbounded implements Flow.Subscriber<Tick> {

    private final Listener listener;
    private volatile Flow.@Nullable Subscription subscription;
    private volatile boolean cancelled;

    Unbounded(Listener listener) {
      this.listener = listener;
    }

    void cancel() {
      cancelled = true;
      Flow.Subscription mine = subscription;
      if (mine != null) {
        mine.cancel();
      }
    }

    @Override
    public void onSubscribe(Flow.Subscription mine) {
      subscription = mine;
      if (cancelled) {
        mine.cancel();
      } else {
        mine.request(Long.MAX_VALUE);
      }
    }

    @Override
    public void onNext(Tick tick) {
      listener.accept(tick);
    }

    @Override
    public void onError(Throwable failure) {
      // the subscriber misses what follows, and the benchmark fails for it
    }

    @Override
    public void onComplete() {}
  }
}
