package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that come and go at random points, while decisions, snapshots and events are made. */
class ComeAndGoTest {

  private static final SnapshotSource<String> BOARD =
      new SnapshotSource<>() {
        @Override
        public Snapshot load(String authorized, Duration timeout) {
          return Snapshot.of("board", "{}");
        }

        @Override
        public Snapshot fallback(String authorized) {
          return Snapshot.of("board", "{}");
        }
      };

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void whateverOrderThingsHappenInEveryConnectionIsClosedOnceAndNothingIsLeft(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ExecutorService elsewhere = Executors.newFixedThreadPool(2);
    SseAuthorizer authorizer =
        request -> {
          SseDecision allowed =
              SseDecision.allow(Authorized.principal("ann")).owner("desk").snapshot(BOARD);
          return request.parameter("later").isPresent()
              ? CompletableFuture.supplyAsync(() -> allowed, elsewhere)
              : CompletableFuture.completedStage(allowed);
        };
    RunningServer running = RunningServer.start(options -> options.authorizer(authorizer));
    try {
      for (int i = 0; i < 150; i++) {
        comeAndGo(running, random);
        running.publish("a", "n" + i);
      }
      while (running.broker.stats().connections().open() > 0) {
        RunningServer.next(running.closedConnections);
      }
    } finally {
      running.server.close();
      elsewhere.shutdown();
    }
    for (int i = 0; i < running.opened.get(); i++) {
      RunningServer.next(running.closedSubscriptions);
    }
    running.awaitNobody();
    assertThat(running.closedSubscriptions).isEmpty();
    running.broker.close();
  }

  private static void comeAndGo(RunningServer running, SplittableRandom random) {
    RawClient client = running.connect();
    String target = "/events?topic=" + (random.nextInt(5) == 0 ? "a*" : "a");
    if (random.nextBoolean()) {
      target += "&later";
    }
    int point = random.nextInt(7);
    if (point == 1) {
      client.send("GET " + target + " HTT");
    } else if (point > 1) {
      client.get(target, random.nextBoolean() ? "Last-Event-ID: e.1" : "X: y");
    }
    if (point == 3) {
      client.get(target);
    }
    boolean streams = point > 3 && client.readHead().startsWith("HTTP/1.1 200");
    for (int chunk = 4; streams && chunk < point; chunk++) {
      client.readChunk();
    }
    if (random.nextBoolean()) {
      client.reset();
    } else {
      client.goodbye();
    }
  }
}
