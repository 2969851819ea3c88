package dev.eventbroker.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What holds of connections when several threads open and close them. */
class ConnectionRaceTest {

  private static final Duration HEARTBEAT = Duration.ofSeconds(30);

  private static final int THREADS = 4;
  private static final int LIMIT = 1;
  private static final int CYCLES = 10_000;

  private final ExecutorService threads = Executors.newFixedThreadPool(2 * THREADS);

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void aPrincipalNeverHasOneTooMany() throws Exception {
    LiveConnections connections =
        new LiveConnections(HEARTBEAT, LIMIT, new BrokerObserver() {}, () -> 0);
    AtomicInteger held = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();

    onAllThreads(
        () -> {
          for (int round = 0; round < 100_000; round++) {
            Optional<Connection> mine = open(connections);
            if (mine.isPresent()) {
              most.accumulateAndGet(held.incrementAndGet(), Math::max);
              held.decrementAndGet();
              mine.get().close(CloseReason.DISCONNECTED);
            }
          }
        });

    assertThat(most.get()).isBetween(1, LIMIT);
    assertNothingIsLeft(connections);
  }

  @Test
  void everyListenerHearsOfEachConnectionItsOpeningBeforeItsCloseAndBothOnce() throws Exception {
    Map<Long, String> heard = new ConcurrentHashMap<>();
    Map<Long, String> observed = new ConcurrentHashMap<>();
    LiveConnections connections =
        new LiveConnections(HEARTBEAT, CYCLES, observing(observed), () -> 0);
    Queue<Future<?>> closes = new ConcurrentLinkedQueue<>();
    connections.listen(
        new ConnectionListener() {
          @Override
          public void onOpen(Connection connection) {
            // From here on another thread closes it while the next listener is told of its opening.
            closes.add(threads.submit(() -> connection.close(CloseReason.SLOW)));
          }
        });
    connections.listen(
        new ConnectionListener() {
          @Override
          public void onOpen(Connection connection) {
            heard.merge(connection.id(), "open", String::concat);
          }

          @Override
          public void onClose(Connection connection, CloseReason reason) {
            heard.merge(connection.id(), " " + reason.code(), String::concat);
          }
        });

    onAllThreads(
        () -> {
          for (int i = 0; i < CYCLES / THREADS; i++) {
            connections
                .open("principal " + i % 7, Optional.of("owner " + i % 11))
                .close(CloseReason.SLOW);
          }
        });
    for (Future<?> close : closes) {
      close.get(30, TimeUnit.SECONDS);
    }

    assertThat(heard).hasSize(CYCLES).values().containsOnly("open slow");
    assertThat(observed).isEqualTo(heard);
    assertNothingIsLeft(connections);
  }

  @Test
  void aCloseAtTheVeryEndOfTheOpeningIsNotLost() throws Exception {
    LiveConnections connections =
        new LiveConnections(HEARTBEAT, 1, new BrokerObserver() {}, () -> 0);
    AtomicReference<Connection> handed = new AtomicReference<>();
    connections.listen(
        new ConnectionListener() {
          @Override
          public void onOpen(Connection connection) {
            handed.set(connection);
          }
        });
    Future<?> closer = threads.submit(() -> closeAllHanded(handed));

    // With a limit of one, a close that was lost shows as a refusal in the next round.
    for (int i = 0; i < 200_000; i++) {
      Connection opened = connections.open("ann", Optional.of("tab"));
      while (handed.get() == opened) {
        Thread.onSpinWait();
      }
    }
    threads.shutdownNow();
    closer.get(30, TimeUnit.SECONDS);

    assertNothingIsLeft(connections);
  }

  private static void closeAllHanded(AtomicReference<Connection> handed) {
    while (!Thread.currentThread().isInterrupted()) {
      Connection connection = handed.get();
      if (connection != null) {
        connection.close(CloseReason.DISCONNECTED);
        handed.set(null);
      }
    }
  }

  @Test
  void tenThousandConnectionsThatComeAndGoLeaveNothing() throws Exception {
    LiveConnections connections =
        new LiveConnections(HEARTBEAT, CYCLES, new BrokerObserver() {}, () -> 0);
    AtomicInteger ticks = new AtomicInteger();
    connections.listen(
        new ConnectionListener() {
          @Override
          public void onTick(java.util.Set<String> owners) {
            ticks.incrementAndGet();
          }
        });

    onAllThreads(
        () -> {
          List<Connection> own = new ArrayList<>();
          for (int i = 0; i < CYCLES / THREADS; i++) {
            Optional<String> owner = i % 3 == 0 ? Optional.empty() : Optional.of("owner " + i % 50);
            own.add(connections.open("principal " + i % 20, owner));
            if (own.size() == 100) {
              connections.tick();
              own.forEach(connection -> connection.close(CloseReason.DISCONNECTED));
              own.clear();
            }
          }
        });

    assertThat(ticks).hasValue(CYCLES / 100);
    assertNothingIsLeft(connections);
  }

  private static Optional<Connection> open(LiveConnections connections) {
    try {
      return Optional.of(connections.open("ann", Optional.of("tab")));
    } catch (BrokerException.Overloaded e) {
      return Optional.empty();
    }
  }

  private static BrokerObserver observing(Map<Long, String> observed) {
    return new BrokerObserver() {
      @Override
      public void connectionOpened(Connection connection) {
        observed.merge(connection.id(), "open", String::concat);
      }

      @Override
      public void connectionClosed(Connection connection, CloseReason reason) {
        observed.merge(connection.id(), " " + reason.code(), String::concat);
      }
    };
  }

  private static void assertNothingIsLeft(LiveConnections connections) {
    assertThat(connections.count()).isZero();
    assertThat(connections.principals()).isEmpty();
    assertThat(connections.owners()).isEmpty();
  }

  private void onAllThreads(Work work) throws Exception {
    List<Future<?>> all = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      all.add(
          threads.submit(
              () -> {
                work.run();
                return null;
              }));
    }
    for (Future<?> one : all) {
      one.get(60, TimeUnit.SECONDS);
    }
  }

  private interface Work {
    void run() throws Exception;
  }
}
