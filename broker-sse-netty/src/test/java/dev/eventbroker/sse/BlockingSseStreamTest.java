package dev.eventbroker.sse;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.ArchitectureRules;
import dev.eventbroker.Audience;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Streams on the caller's thread, for servers that are not Netty. */
class BlockingSseStreamTest {

  private static final Duration LONG = Duration.ofHours(1);

  private final Broker broker = new BrokerBuilder().build();
  private final ExecutorService requestThread = Executors.newSingleThreadExecutor();
  private final Wire wire = new Wire();

  @AfterEach
  void end() {
    broker.close();
    requestThread.shutdownNow();
  }

  @Test
  void theFirstBytesAreThereBeforeAnyEvent() {
    var unused = serve(streams().heartbeat(LONG), request("a"));

    assertThat(wire.await(text -> text.contains(": connected\n\n")))
        .startsWith("retry: ")
        .doesNotContain("event:");
    assertThat(unused).isNotDone();
  }

  @Test
  void eventsComeInOrderAndLeaveAsTheyAreBroughtToNetty() {
    var unused = serve(streams().heartbeat(LONG), request("a"));
    wire.await(text -> text.contains(": connected"));

    publish("a", "one");
    publish("b", "not asked for");
    EventId last = publish("a", "two\r\nlines");

    String text = wire.await(seen -> seen.contains("data: lines\n\n"));
    EventStreamParser parsed = EventStreamParser.parse(text.getBytes(UTF_8));
    assertThat(parsed.messages)
        .extracting(EventStreamParser.Message::data)
        .containsExactly("one", "two\nlines");
    assertThat(parsed.lastEventId).isEqualTo(last.toString());
  }

  @Test
  void aClientThatComesBackGoesOnWhereItWas() {
    EventId seen = publish("a", "one");
    publish("a", "two");

    var unused = serve(streams().heartbeat(LONG), request("a").lastEventId(seen.toString()));

    assertThat(wire.await(text -> text.contains("data: two\n\n"))).doesNotContain("data: one");
  }

  @Test
  void whatCannotBeResumedBeginsWithAGap() {
    var unused = serve(streams().heartbeat(LONG), request("a").lastEventId("elsewhere.7"));

    assertThat(wire.await(text -> text.contains("event: gap\n"))).contains("\"reason\":\"epoch\"");
  }

  @Test
  void silenceIsBrokenByHeartbeats() {
    var unused = serve(streams().heartbeat(Duration.ofMillis(5)), request("a"));

    assertThat(wire.await(text -> text.contains(": hb\n\n: hb\n\n"))).doesNotContain("event:");
  }

  @Test
  void aHeartbeatMovesTheCursorPastEventsThatTheClientMayNotSee() {
    var unused = serve(streams().heartbeat(Duration.ofMillis(5)), request("a"));
    wire.await(text -> text.contains(": hb"));

    EventId hidden =
        broker
            .publish(
                Event.of(Topic.of("a"), "t", "secret").withAudience(Audience.of(List.of("bob"))))
            .toCompletableFuture()
            .join();

    assertThat(wire.await(text -> text.contains("id: " + hidden + "\n\n")))
        .doesNotContain("secret");
  }

  @Test
  void aClientThatHasGoneLeavesNothingBehind() throws Exception {
    CompletableFuture<CloseReason> served =
        serve(streams().heartbeat(Duration.ofMillis(5)), request("a"));
    wire.await(text -> text.contains(": connected"));

    wire.gone = true;

    assertThat(served.get(60, TimeUnit.SECONDS)).isEqualTo(CloseReason.DISCONNECTED);
    assertNothingIsLeft();
  }

  @Test
  void aClientThatHasGoneBeforeTheFirstByteLeavesNothingBehind() throws Exception {
    wire.gone = true;

    CompletableFuture<CloseReason> served = serve(streams().heartbeat(LONG), request("a"));

    assertThat(served.get(60, TimeUnit.SECONDS)).isEqualTo(CloseReason.DISCONNECTED);
    assertNothingIsLeft();
  }

  @Test
  void theEndOfTheBrokerEndsTheStream() throws Exception {
    CompletableFuture<CloseReason> served = serve(streams().heartbeat(LONG), request("a"));
    wire.await(text -> text.contains(": connected"));

    broker.close();

    assertThat(served.get(60, TimeUnit.SECONDS)).isEqualTo(CloseReason.SHUTDOWN);
  }

  @Test
  void aBrokerThatWasClosedIsAStreamThatSaysWhenToComeBack() throws Exception {
    broker.close();

    CompletableFuture<CloseReason> served = serve(streams().heartbeat(LONG), request("a"));

    assertThat(served.get(60, TimeUnit.SECONDS)).isEqualTo(CloseReason.SHUTDOWN);
    assertThat(wire.await(text -> true)).startsWith("retry: ");
  }

  @Test
  void aStreamEndsAfterItsLifetime() throws Exception {
    CompletableFuture<CloseReason> served =
        serve(streams().heartbeat(LONG).maxLifetime(Duration.ofMillis(20)), request("a"));

    assertThat(served.get(60, TimeUnit.SECONDS).code()).isEqualTo("lifetime");
    assertNothingIsLeft();
  }

  @Test
  void anInterruptedThreadEndsItsStream() throws Exception {
    CompletableFuture<CloseReason> served = serve(streams().heartbeat(LONG), request("a"));
    wire.await(text -> text.contains(": connected"));

    requestThread.shutdownNow();

    assertThat(served.get(60, TimeUnit.SECONDS)).isEqualTo(CloseReason.SHUTDOWN);
    assertNothingIsLeft();
  }

  @Test
  void aTimeThatMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> streams().heartbeat(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("heartbeat: PT0S (expected: ");
    assertThatThrownBy(() -> streams().retry(Duration.ofMillis(249)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("retry: PT0.249S (expected: PT0.25S to PT24H)");
  }

  @Test
  void neitherFramesNorStreamsOfThisKindNeedNetty() {
    noClasses()
        .that()
        .haveNameMatching("dev\\.eventbroker\\.sse\\.(SseFrame|Json|BlockingSseStream)(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.netty..")
        .check(ArchitectureRules.mainClasses());
  }

  private BlockingSseStream.Builder streams() {
    return BlockingSseStream.builder(broker);
  }

  private static SubscribeRequest.Builder<String> request(String filter) {
    return SubscribeRequest.by(Authorized.principal("alice")).filter(TopicFilter.of(filter));
  }

  private CompletableFuture<CloseReason> serve(
      BlockingSseStream.Builder streams, SubscribeRequest.Builder<String> request) {
    BlockingSseStream built = streams.build();
    return CompletableFuture.supplyAsync(
        () -> built.serve(request, Optional.of("desk"), wire), requestThread);
  }

  private EventId publish(String topic, String data) {
    return broker.publish(Event.of(Topic.of(topic), "t", data)).toCompletableFuture().join();
  }

  private void assertNothingIsLeft() {
    assertThat(broker.stats().subscriptions().open()).isZero();
    assertThat(broker.connections().count()).isZero();
    assertThat(broker.connections().hasOwner("desk")).isFalse();
  }

  /** The client's end: what was flushed to it, until it is gone. */
  private static final class Wire extends OutputStream {

    private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
    private String flushed = ""; // guarded by this
    volatile boolean gone;

    @Override
    public void write(int b) {
      throw new AssertionError("written byte by byte");
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      requirePresent();
      pending.write(bytes, offset, length);
    }

    @Override
    public synchronized void flush() throws IOException {
      requirePresent();
      flushed = pending.toString(UTF_8);
      notifyAll();
    }

    private void requirePresent() throws IOException {
      if (gone) {
        throw new IOException("broken pipe");
      }
    }

    synchronized String await(Predicate<String> enough) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!enough.test(flushed)) {
        long left = deadline - System.nanoTime();
        assertThat(left).as("flushed so far: %s", flushed).isPositive();
        try {
          TimeUnit.NANOSECONDS.timedWait(this, left);
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      return flushed;
    }
  }
}
