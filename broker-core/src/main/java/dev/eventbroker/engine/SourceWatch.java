package dev.eventbroker.engine;

import dev.eventbroker.Backplane;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.BrokerStats.SourceStats;
import dev.eventbroker.EventSource;
import dev.eventbroker.SourceStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sources of a broker, and what is known of them. Safe on any thread. */
final class SourceWatch {

  private static final Logger log = LoggerFactory.getLogger(SourceWatch.class);

  private final BrokerObserver observer;
  private final Optional<Watched> backplane;
  private final List<Watched> sources = new CopyOnWriteArrayList<>();

  SourceWatch(BrokerObserver observer, Optional<Backplane> backplane) {
    this.observer = observer;
    this.backplane = backplane.map(Watched::new);
  }

  void add(EventSource source) {
    sources.add(new Watched(source));
  }

  void remove(EventSource source) {
    sources.removeIf(one -> one.source == source);
  }

  /** Looks at all of them, and tells the observer of each that is in another state than before. */
  void look() {
    for (Watched one : all()) {
      SourceStatus status = statusOf(one.source);
      if (one.seen.getAndSet(status.state()) != status.state()) {
        observer.sourceChanged(status);
      }
    }
  }

  List<SourceStats> stats() {
    return all().stream()
        .map(one -> new SourceStats(statusOf(one.source), gaugesOf(one.source)))
        .toList();
  }

  /** The backplane is the last one: a source may publish through it. */
  private List<Watched> all() {
    return Stream.concat(sources.stream(), backplane.stream()).toList();
  }

  /** Closes all of them; what one throws does not keep the others open. */
  void close() {
    all().forEach(one -> close(one.source));
    look();
  }

  static void close(EventSource source) {
    try {
      source.close();
    } catch (Throwable e) {
      log.warn("a source threw while it was closed: {}", source, e);
    }
  }

  /** A source that can't even say how it is doing is not up, and must not hide the others. */
  private static SourceStatus statusOf(EventSource source) {
    return guarded(
        source::status,
        e -> new SourceStatus(nameOf(source), SourceStatus.State.CONNECTING, "status threw " + e));
  }

  private static Map<String, Number> gaugesOf(EventSource source) {
    return guarded(source::gauges, e -> Map.of());
  }

  private static <T> T guarded(Supplier<T> question, Function<Throwable, T> otherwise) {
    try {
      return question.get();
    } catch (Throwable e) {
      log.warn("a source threw while it was asked how it is doing", e);
      return otherwise.apply(e);
    }
  }

  private static String nameOf(EventSource source) {
    return source.getClass().getSimpleName();
  }

  /** A source and the state it was seen in; none before the first look. */
  private record Watched(EventSource source, AtomicReference<SourceStatus.@Nullable State> seen) {

    Watched(EventSource source) {
      this(source, new AtomicReference<>());
    }
  }
}
