package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;
import java.util.function.UnaryOperator;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.publisher.Sinks.EmitResult;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Reactor's multicast sinks. A sink takes from one publisher at a time and answers at once that it
 * is busy, or full; then it is asked again, so nothing is lost. Demand is unbounded.
 */
final class ReactorPeer implements Peer {

  private final Channels<Sinks.Many<Tick>> channels;
  private final UnaryOperator<Flux<Tick>> threading;
  private final Runnable end;

  private ReactorPeer(
      Channels<Sinks.Many<Tick>> channels, UnaryOperator<Flux<Tick>> threading, Runnable end) {
    this.channels = channels;
    this.threading = threading;
    this.end = end;
  }

  /** With a buffer in the sink, and for each subscriber a queue that one of two threads drains. */
  static Peer buffered(int topics) {
    Scheduler threads = Schedulers.newParallel("reactor", THREADS);
    return new ReactorPeer(
        new Channels<>(topics, () -> Sinks.many().multicast().onBackpressureBuffer(WAITING, false)),
        flux -> flux.publishOn(threads, WAITING),
        () -> threads.disposeGracefully().block());
  }

  /** On the publisher's thread. */
  static Peer direct(int topics) {
    return new ReactorPeer(
        new Channels<>(topics, () -> Sinks.many().multicast().directBestEffort()),
        UnaryOperator.identity(),
        () -> {});
  }

  @Override
  public Runnable subscribe(TopicFilter filter, Listener listener) {
    Disposable subscription = threading.apply(channels.of(filter).asFlux()).subscribe(listener);
    return subscription::dispose;
  }

  @Override
  @SuppressWarnings("ThreadPriorityCheck") // who empties the sink needs the processor
  public void publish(Tick tick) {
    Sinks.Many<Tick> sink = channels.of(tick);
    EmitResult result = sink.tryEmitNext(tick);
    while (result == EmitResult.FAIL_NON_SERIALIZED || result == EmitResult.FAIL_OVERFLOW) {
      Thread.yield();
      result = sink.tryEmitNext(tick);
    }
    result.orThrow();
  }

  @Override
  public void close() {
    end.run();
  }
}
