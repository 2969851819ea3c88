package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Snapshot;
import dev.eventbroker.SnapshotSource;
import dev.eventbroker.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Streams over real sockets: events, resuming, snapshots, slow readers, shared frames. */
class StreamTest {

  @Test
  void eventsComeInOrderEachInAChunkOfItsOwn() {
    try (RunningServer running = RunningServer.start();
        RawClient client = running.connect()) {
      EventId start = running.publish("a", "before");
      client.open("/events?topic=a");

      EventId first = running.publish("a", "one");
      running.publish("b", "somebody else's");
      EventId third = running.publish("a", "three");

      assertThat(client.readChunk()).isEqualTo("id: " + start + "\n\n");
      assertThat(client.readChunk()).isEqualTo(block(first, "one"));
      assertThat(client.readChunk()).isEqualTo(block(third, "three"));
    }
  }

  @Test
  void anEventOfThisNodeOnlyHasNoId() {
    try (RunningServer running = RunningServer.start();
        RawClient client = running.connect()) {
      client.open("/events?topic=a");
      client.readChunk();

      running.broker.publishLocal(Event.of(Topic.of("a"), "typing", "ann"));

      assertThat(client.readChunk()).isEqualTo("event: typing\ndata: ann\n\n");
    }
  }

  @Test
  void whatIsPublishedWhenTheFirstBytesAreThereIsDelivered() {
    try (RunningServer running = RunningServer.start()) {
      for (int i = 0; i < 200; i++) {
        try (RawClient client = running.connect()) {
          client.open("/events?topic=a");
          EventId id = running.publish("a", "now");

          String block = client.readChunk();
          if (!block.contains("data:")) {
            block = client.readChunk();
          }
          assertThat(block).isEqualTo(block(id, "now"));
        }
      }
    }
  }

  @Test
  void rule30AClientThatResumesWhileEventsArePublishedMissesNoneAndSeesNoneTwice()
      throws Exception {
    int events = 4_000;
    try (RunningServer running = RunningServer.start()) {
      EventId start = running.publish("a", "start");
      CountDownLatch go = new CountDownLatch(1);
      Thread publisher =
          new Thread(
              () -> {
                awaitQuietly(go);
                for (int i = 0; i < events; i++) {
                  running.publish("a", "n" + i);
                }
              });
      publisher.start();

      List<String> seen = new ArrayList<>();
      String lastId = start.toString();
      while (seen.size() < events) {
        try (RawClient client = running.connect()) {
          client.open("/events?topic=a", "Last-Event-ID: " + lastId);
          go.countDown();
          int target = Math.min(events, seen.size() + 97);
          while (seen.size() < target) {
            String block = client.readChunk();
            assertThat(block).doesNotContain("event: gap");
            lastId = block.substring(4, block.indexOf('\n'));
            if (block.contains("data: ")) {
              seen.add(block.substring(block.indexOf("data: ") + 6, block.length() - 2));
            }
          }
        }
      }
      publisher.join();

      for (int i = 0; i < events; i++) {
        assertThat(seen.get(i)).isEqualTo("n" + i);
      }
    }
  }

  @Test
  void rule9AnIdThatNobodyKnowsOpensTheStreamWithAGap() {
    try (RunningServer running = RunningServer.start()) {
      EventId now = running.publish("a", "one");
      for (String id :
          List.of("foreign.7", "nonsense", now + "9", "\u00e4;,\"", "x".repeat(5000))) {
        try (RawClient client = running.connect()) {
          client.open("/events?topic=a", "Last-Event-ID: " + id);

          assertThat(client.readChunk())
              .startsWith("id: " + now + "\nevent: gap\ndata: {\"reason\":\"epoch\",\"from\":");
        }
      }
    }
  }

  @Test
  void theHeaderWinsOverTheParameterUnlessItIsEmpty() {
    try (RunningServer running = RunningServer.start()) {
      EventId one = running.publish("a", "one");
      EventId two = running.publish("a", "two");
      EventId three = running.publish("a", "three");

      try (RawClient client = running.connect()) {
        client.open("/events?topic=a&lastEventId=" + one, "Last-Event-ID: " + two);
        assertThat(client.readChunk()).isEqualTo(block(three, "three"));
      }
      try (RawClient client = running.connect()) {
        client.open("/events?topic=a&lastEventId=" + one, "Last-Event-ID:");
        assertThat(client.readChunk()).isEqualTo(block(two, "two"));
      }
      try (RawClient client = running.connect()) {
        client.open("/events?topic=a&lastEventId=");
        assertThat(client.readChunk()).isEqualTo("id: " + three + "\n\n");
      }
    }
  }

  @Test
  void theFirstBytesDoNotWaitForTheSnapshotAndNothingMovesTheCursorBeforeIt() {
    CompletableFuture<Snapshot> state = new CompletableFuture<>();
    try (RunningServer running = withSnapshots(state);
        RawClient client = running.connect()) {
      EventId armed = running.publish("a", "before");
      client.open("/events?topic=a");
      EventId during = running.publish("a", "during");

      state.complete(Snapshot.of("board", "all of it"));

      assertThat(client.readChunk())
          .isEqualTo("id: " + armed + "\nevent: board\ndata: all of it\n\n");
      assertThat(client.readChunk()).isEqualTo(block(during, "during"));
    }
  }

  @Test
  void aGapAheadOfASnapshotDoesNotMoveTheCursor() {
    CompletableFuture<Snapshot> state = new CompletableFuture<>();
    try (RunningServer running = withSnapshots(state);
        RawClient client = running.connect()) {
      EventId now = running.publish("a", "before");
      client.open("/events?topic=a", "Last-Event-ID: other.1");

      assertThat(client.readChunk()).startsWith("event: gap\ndata: {\"reason\":\"epoch\"");
      state.complete(Snapshot.of("board", "all of it"));
      assertThat(client.readChunk()).startsWith("id: " + now + "\nevent: board\n");
    }
  }

  @Test
  void aClientThatLeavesWhileItsSnapshotLoadsLeavesNothingBehind() {
    CompletableFuture<Snapshot> state = new CompletableFuture<>();
    try (RunningServer running = withSnapshots(state)) {
      try (RawClient client = running.connect()) {
        client.open("/events?topic=a");
      }
      running.awaitClosed();
      running.assertNothingIsLeft();
      state.complete(Snapshot.of("board", "too late"));
    }
  }

  @Test
  void aReaderThatStopsReadingCostsNobodyElseAndIsToldAGapWhenItReadsOn() {
    String data = "x".repeat(10_000);
    int events = 1_500;
    try (RunningServer running =
            RunningServer.start(
                broker -> broker.logEvents(64), options -> options, pipeline -> {});
        RawClient slow = RawClient.connect(running.server.localAddress(), 64 * 1024);
        RawClient quick = running.connect()) {
      slow.open("/events?topic=a");
      quick.open("/events?topic=a");
      quick.readChunk();

      for (int i = 0; i < events; i++) {
        EventId id = running.publish("a", data);
        assertThat(quick.readChunk()).isEqualTo(block(id, data));
      }
      // It may have been writable for a moment in between, and so meet more than one gap.
      int gaps = 0;
      long position = 0;
      while (position < events) {
        String seen = slow.readChunk();
        assertThat(seen).as("a block with an id").startsWith("id: ");
        if (seen.contains("event: gap")) {
          gaps++;
          assertThat(seen).contains("\"reason\":\"slow\"");
          assertThat(position(seen)).isGreaterThan(position);
        } else if (seen.contains("data:")) {
          assertThat(position(seen)).as("a contiguous run").isEqualTo(position + 1);
        }
        position = position(seen);
      }
      assertThat(gaps).as("15 MB do not fit into the log and the socket").isPositive();

      EventId next = running.publish("a", "next");
      assertThat(slow.readChunk()).isEqualTo(block(next, "next"));
    }
  }

  @Test
  void anEventIsEncodedOnceForAllConnections() {
    AtomicInteger encoded = new AtomicInteger();
    int events = 50;
    List<RawClient> clients = new ArrayList<>();
    try (RunningServer running =
        RunningServer.start(
            options ->
                options.encoder(
                    delivery -> {
                      encoded.incrementAndGet();
                      return WireFrame.EVENT.encode(delivery);
                    }))) {
      for (int i = 0; i < 20; i++) {
        clients.add(running.connect().open("/events?topic=a"));
      }
      for (int i = 0; i < events; i++) {
        EventId id = running.publish("a", "n" + i);
        for (RawClient client : clients) {
          String block = client.readChunk();
          if (!block.contains("data:")) {
            block = client.readChunk();
          }
          assertThat(block).isEqualTo(block(id, "n" + i));
        }
      }
      // Two event loops may encode the same event at the same moment.
      assertThat(encoded.get()).isBetween(events, 2 * events);
    } finally {
      clients.forEach(RawClient::close);
    }
  }

  @Test
  void aBrokerThatIsClosedEndsItsStreamsCleanlyAndNewOnesAreToldToComeBack() {
    try (RunningServer running = RunningServer.start();
        RawClient open = running.connect();
        RawClient late = running.connect()) {
      open.open("/events?topic=a");
      open.readChunk();

      var unused = running.broker.close(Duration.ofSeconds(1));

      assertThat(open.readChunk()).matches("retry: [0-9]+\n\n");
      assertThat(open.readChunk()).isEmpty();
      assertThat(open.isEnded()).isTrue();
      late.open("/events?topic=a");
      assertThat(late.readChunk()).matches("retry: [0-9]+\n\n");
      assertThat(late.readChunk()).isEmpty();
      assertThat(late.isEnded()).isTrue();
      running.assertNothingIsLeft();
    }
  }

  private static RunningServer withSnapshots(CompletableFuture<Snapshot> state) {
    SnapshotSource<String> source =
        new SnapshotSource<>() {
          @Override
          public Snapshot load(String authorized, Duration timeout) throws Exception {
            return state.get();
          }

          @Override
          public Snapshot fallback(String authorized) {
            return Snapshot.of("board", "fallback for " + authorized);
          }
        };
    return RunningServer.start(
        options ->
            options.authorizer(
                request ->
                    CompletableFuture.completedStage(
                        SseDecision.allow(Authorized.principal("ann"))
                            .owner("desk")
                            .snapshot(source))));
  }

  private static long position(String block) {
    return Long.parseLong(block.substring(block.indexOf('.') + 1, block.indexOf('\n')));
  }

  private static String block(EventId id, String data) {
    return "id: " + id + "\nevent: moved\ndata: " + data + "\n\n";
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
