package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PgNotifySourceTest {

  private static final String ODD = "Odd \"channel\"";

  private final Broker broker = new BrokerBuilder().build();
  private final Node.Received received = new Node.Received();
  private final List<String> unmappable = new CopyOnWriteArrayList<>();

  @AfterEach
  void closeBroker() {
    broker.close();
  }

  @Test
  void notificationsOfItsChannelsBecomeEvents() throws Exception {
    attach();

    notifyOn(ODD, "{\"topic\": \"a/b\", \"more\": [1], \"type\": \"t\", \"data\": {\"x\": 1}}");

    Event event = received.await(1).deliveries.get(0).event();
    assertThat(event.topic()).hasToString("a/b");
    assertThat(event.type()).isEqualTo("t");
    assertThat(event.data()).isEqualTo("{\"x\":1}");
  }

  @Test
  void aPayloadThatIsNoEventIsToldAndTheStreamGoesOn() throws Exception {
    PgNotifySource source = attach();

    List<String> bad =
        List.of("", "no json", "{\"topic\":", "{\"topic\":1}", "[]", "{\"type\":\"t\"}");
    for (String payload : bad) {
      notifyOn(ODD, payload);
    }
    notifyOn(ODD, "{\"topic\":\"a\",\"type\":\"t\"}");

    assertThat(received.await(1).data()).containsExactly("");
    assertThat(unmappable).containsExactlyElementsOf(bad);
    assertThat(source.unmappable()).isEqualTo(bad.size());
  }

  /** Such as a class that is missing, or a payload nested deeper than the stack. */
  @Test
  void anErrorOfTheMapperConcernsThatNotificationAlone() throws Exception {
    PgNotifySource source =
        attach(
            builder ->
                builder.mapper(
                    (channel, payload) -> {
                      if (payload.equals("bad")) {
                        throw new NoClassDefFoundError("on purpose");
                      }
                      return PgNotifyMapper.json().events(channel, payload);
                    }));

    notifyOn(ODD, "bad");
    notifyOn(ODD, "{\"topic\":\"a\",\"type\":\"t\"}");

    assertThat(received.await(1).data()).containsExactly("");
    assertThat(unmappable).containsExactly("bad");
    assertThat(source.unmappable()).isEqualTo(1);
  }

  @Row(18)
  @Test
  void aMapperThatStandsStillCostsAGapAndTheDatabaseNothing() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger mapped = new AtomicInteger();
    PgNotifySource source =
        attach(
            builder ->
                builder.mapper(
                    (channel, payload) -> {
                      goOn.await();
                      mapped.incrementAndGet();
                      return payload.equals("last")
                          ? List.of(Event.of(Topic.of("a"), "t", payload))
                          : List.of();
                    }));

    int tooMany = 20_000;
    TestDatabase.execute(
        "select pg_notify('plain', i || repeat('x', 500)) from generate_series(1, "
            + tooMany
            + ") i");
    Await.until(
        "all read",
        () ->
            TestDatabase.number(
                        "select count(*) from pg_stat_activity where application_name = ?"
                            + " and wait_event = 'ClientRead' and backend_xmin is null",
                        source.name() + "-listener")
                    == 1
                && TestDatabase.number("select (pg_notification_queue_usage() * 1e9)::bigint")
                    == 0);
    goOn.countDown();

    Await.until("a gap", () -> !received.gaps.isEmpty());
    notifyOn("plain", "last");
    assertThat(received.await(1).data()).containsExactly("last");
    assertThat(received.gaps).extracting(Gap::reason).containsOnly(Gap.Reason.SOURCE);
    assertThat(mapped.get()).isLessThan(tooMany);
  }

  @Row(1)
  @Test
  void aReconnectIsAGapForTheTopicsThatItFeeds() throws Exception {
    PgNotifySource source = attach();
    notifyOn(ODD, "{\"topic\":\"a\",\"type\":\"t\"}");
    received.await(1);

    TestDatabase.terminate(source.name());
    Await.until("a gap", () -> !received.gaps.isEmpty());
    notifyOn(ODD, "{\"topic\":\"a\",\"type\":\"t\"}");

    received.await(2);
    assertThat(received.gaps).extracting(Gap::reason).containsExactly(Gap.Reason.SOURCE);
    assertThat(received.gaps).extracting(Gap::scope).containsExactly(TopicFilter.of("a/**"));
  }

  @Test
  void closeLeavesNothing() {
    PgNotifySource source = attach();
    assertThat(TestDatabase.backends(source.name())).isEqualTo(1);

    broker.close();

    Await.until("no backend", () -> TestDatabase.backends(source.name()) == 0);
    Await.until(
        "no thread",
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith(source.name())));
  }

  @Row(24)
  @Test
  void aChannelThatPostgresWouldCutIsRefused() {
    PgNotifySource.Builder builder = PgNotifySource.builder(TestDatabase.url());

    builder.channel("x".repeat(63));
    assertThatThrownBy(() -> builder.channel("é".repeat(32)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("channel: 64 bytes (expected: 1 to 63)");
    assertThatThrownBy(() -> builder.channel("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.channel("a\u0000b"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private PgNotifySource attach() {
    return attach(builder -> builder);
  }

  private PgNotifySource attach(UnaryOperator<PgNotifySource.Builder> more) {
    PgNotifySource source =
        more.apply(
                PgNotifySource.builder(TestDatabase.url())
                    .channel("plain")
                    .channel(ODD)
                    .scope(TopicFilter.of("a/**"))
                    .unmappable((channel, payload, cause) -> unmappable.add(payload)))
            .build();
    broker.attach(source);
    received.subscription =
        broker.subscribe(
            SubscribeRequest.by(Authorized.principal("somebody")).filter(TopicFilter.ALL).build(),
            received);
    return source;
  }

  private static void notifyOn(String channel, String payload) throws Exception {
    TestDatabase.execute("select pg_notify('" + channel + "', '" + payload + "')");
  }
}
