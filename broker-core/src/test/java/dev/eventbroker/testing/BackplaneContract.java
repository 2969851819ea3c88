package dev.eventbroker.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Audience;
import dev.eventbroker.Backplane;
import dev.eventbroker.BrokerException;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Interruption;
import dev.eventbroker.Message;
import dev.eventbroker.Revocation;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Backplane} keeps. Extend it, say how a node is made, and run it: a broker on a
 * backplane that passes keeps its promise across nodes.
 */
public abstract class BackplaneContract {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Topic TOPIC = Topic.of("contract/1");

  private final Deque<Backplane> nodes = new ArrayDeque<>();

  /** One more node, not started, that shares its messages with the others of this test. */
  protected abstract Backplane newNode() throws Exception;

  /** Closes every node. */
  @AfterEach
  final void closeNodes() {
    nodes.forEach(Backplane::close);
  }

  private Backplane node() throws Exception {
    Backplane node = newNode();
    nodes.push(node);
    return node;
  }

  private static RecordingInbound start(Backplane node) {
    RecordingInbound inbound = new RecordingInbound();
    node.start(inbound);
    return inbound;
  }

  private static Event event(String data) {
    return Event.of(TOPIC, "changed", data);
  }

  private static EventId idOf(CompletionStage<EventId> stage) throws Exception {
    return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("not within " + LIMIT + ": " + what);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
  }

  @Test
  void whereItBeginsIsKnownWhenTheStartReturns() throws Exception {
    Backplane node = node();

    RecordingInbound inbound = start(node);

    assertThat(inbound.begins()).hasSize(1);
    assertThat(node.status().state()).isEqualTo(SourceStatus.State.UP);
  }

  @Test
  void everyNodeSeesEveryMessageOnceWithTheSameId() throws Exception {
    Backplane here = node();
    Backplane there = node();
    RecordingInbound atHere = start(here);
    RecordingInbound atThere = start(there);

    EventId first = idOf(here.publish(event("first")));
    EventId second = idOf(there.publish(event("second")));
    await("two on both", () -> atHere.placed().size() == 2 && atThere.placed().size() == 2);

    assertThat(atHere.ids()).containsExactly(first, second).isEqualTo(atThere.ids());
    assertThat(atHere.data()).containsExactly("first", "second").isEqualTo(atThere.data());
    assertThat(second.position()).isEqualTo(first.position() + 1);
  }

  @Test
  void whenTheStageCompletesThePublishersNodeHasTheMessage() throws Exception {
    Backplane node = node();
    RecordingInbound inbound = start(node);

    EventId id = idOf(node.publish(event("known")));

    assertThat(inbound.ids()).containsExactly(id);
  }

  @Test
  void messagesOfOneThreadKeepTheirOrderAndPositionsHaveNoHoles() throws Exception {
    Backplane here = node();
    Backplane there = node();
    RecordingInbound atHere = start(here);
    RecordingInbound atThere = start(there);
    int publishers = 4;
    int each = 100;
    ExecutorService threads = Executors.newFixedThreadPool(publishers);
    try {
      List<Future<List<EventId>>> running = new ArrayList<>();
      for (int p = 0; p < publishers; p++) {
        Backplane node = p % 2 == 0 ? here : there;
        String name = "p" + p + "-";
        running.add(threads.submit(() -> publishAll(node, name, each)));
      }
      for (Future<List<EventId>> ids : running) {
        assertThat(ids.get()).extracting(EventId::position).isSorted();
      }
    } finally {
      threads.shutdownNow();
    }
    int all = publishers * each;
    await("all on both", () -> atHere.placed().size() == all && atThere.placed().size() == all);

    assertThat(atThere.ids()).isEqualTo(atHere.ids()); // dense, or the inbound had refused them
    assertThat(atThere.data()).isEqualTo(atHere.data());
    for (int p = 0; p < publishers; p++) {
      String name = "p" + p + "-";
      List<String> expected = IntStream.range(0, each).mapToObj(i -> name + i).toList();
      assertThat(atHere.data().stream().filter(data -> data.startsWith(name)).toList())
          .isEqualTo(expected);
    }
    assertThat(atHere.begins()).hasSize(1);
  }

  private static List<EventId> publishAll(Backplane node, String name, int count) throws Exception {
    List<CompletionStage<EventId>> stages =
        IntStream.range(0, count).mapToObj(i -> node.publish(event(name + i))).toList();
    List<EventId> ids = new ArrayList<>();
    for (CompletionStage<EventId> stage : stages) {
      ids.add(idOf(stage));
    }
    return ids;
  }

  @Test
  void everyKindOfMessageTravelsWithAllItsParts() throws Exception {
    Backplane here = node();
    Backplane there = node();
    start(here);
    RecordingInbound atThere = start(there);
    TopicFilter scope = TopicFilter.of("project/*/board/**");
    Event full =
        event("grüß Gott, 世界 😀 \\ \" ' {null}")
            .withKey("k'1")
            .withAudience(Audience.of(Set.of("ann", "b\"o,b} \\")));
    List<Message> messages =
        List.of(
            full,
            event("").withAudience(Audience.nobody()),
            new Revocation("ann \"the\" user", scope),
            new Interruption(scope));

    for (Message message : messages) {
      idOf(here.publish(message));
    }
    await("all", () -> atThere.placed().size() == messages.size());

    for (int i = 0; i < messages.size(); i++) {
      assertThat(atThere.messages().get(i)).usingRecursiveComparison().isEqualTo(messages.get(i));
    }
  }

  @Test
  void anIdempotencyKeyEntersTheOrderOnceAndEveryPublishAnswersItsId() throws Exception {
    Backplane here = node();
    Backplane there = node();
    RecordingInbound atHere = start(here);
    RecordingInbound atThere = start(there);
    Event once = event("once").withIdempotencyKey("order-1");

    CompletionStage<EventId> one = here.publish(once);
    CompletionStage<EventId> two = here.publish(once);
    CompletionStage<EventId> three = there.publish(once);
    EventId id = idOf(one);
    EventId last = idOf(there.publish(event("last")));
    await("the last", () -> atHere.placed().size() >= 2 && atThere.placed().size() >= 2);

    assertThat(idOf(two)).isEqualTo(id);
    assertThat(idOf(three)).isEqualTo(id);
    assertThat(idOf(here.publish(once))).isEqualTo(id);
    assertThat(atHere.ids()).containsExactly(id, last).isEqualTo(atThere.ids());
  }

  @Test
  void aNodeThatComesLaterGoesOnInTheSameOrder() throws Exception {
    Backplane early = node();
    RecordingInbound atEarly = start(early);
    EventId before = idOf(early.publish(event("before")));

    Backplane late = node();
    RecordingInbound atLate = start(late);
    EventId after = idOf(late.publish(event("after")));
    await("after", () -> atEarly.cursor().equals(after));

    assertThat(after).isEqualTo(new EventId(before.epoch(), before.position() + 1));
    assertThat(atLate.cursor()).isEqualTo(after);
    assertThat(atEarly.ids()).containsSubsequence(atLate.ids());
    assertThat(atLate.begins()).hasSize(1);
  }

  @Test
  void publishAfterTheCloseFails() throws Exception {
    Backplane node = node();
    start(node);
    node.close();

    CompletionStage<EventId> refused = node.publish(event("too late"));

    assertThatThrownBy(() -> idOf(refused))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(BrokerException.Closed.class);
    assertThat(node.status().state()).isEqualTo(SourceStatus.State.CLOSED);
  }

  @Test
  void aCloseIsIdempotentAndNeedsNoStart() throws Exception {
    Backplane started = node();
    start(started);
    Backplane neverStarted = node();

    assertThatCode(
            () -> {
              started.close();
              started.close();
              neverStarted.close();
              neverStarted.close();
            })
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> start(neverStarted)).isInstanceOf(BrokerException.class);
  }

  @Test
  void theOthersGoOnWhenOneNodeIsClosed() throws Exception {
    Backplane leaving = node();
    Backplane staying = node();
    start(leaving);
    RecordingInbound atStaying = start(staying);
    EventId last = idOf(leaving.publish(event("last words")));

    leaving.close();
    EventId next = idOf(staying.publish(event("next")));

    assertThat(atStaying.ids()).containsExactly(last, next);
    assertThat(atStaying.begins()).hasSize(1);
  }
}
