package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscriber;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The trigger function that comes with the source, as the file says that it is used. */
class NotifyRowTest {

  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final String LONG = "a channel with a long name, grüße, ".repeat(3);

  private final String schema = "triggered_" + NUMBER.incrementAndGet();
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private Broker broker;

  @BeforeEach
  void makeTable() throws Exception {
    TestDatabase.execute("create schema " + schema);
    try (var file = PgNotifySource.class.getResourceAsStream("trigger/notify_row.sql")) {
      in(new String(file.readAllBytes(), StandardCharsets.UTF_8));
    }
    in("create table card (id int primary key, text text)");
    in(
        "create trigger card_changed after insert or update or delete on card for each row"
            + " execute function eb_notify_row('"
            + LONG
            + schema
            + "', 'project/42/card', 'id')");
    broker = new BrokerBuilder().build();
    var unused =
        broker.subscribe(
            SubscribeRequest.by(Authorized.principal("ann")).filter(TopicFilter.ALL).build(),
            new Subscriber() {
              @Override
              public void onEvent(Delivery delivery) {
                events.add(delivery.event());
              }

              @Override
              public void onGap(Gap gap) {
                throw new AssertionError(gap);
              }
            });
    broker.attach(
        PgNotifySource.builder(TestDatabase.url())
            .channel(PgNotifySource.channelName(LONG + schema))
            .build());
  }

  @AfterEach
  void closeBroker() {
    broker.close(Duration.ZERO);
  }

  private void in(String sql) throws SQLException {
    TestDatabase.execute("set search_path to " + schema + "; " + sql);
  }

  @Test
  void aChangedRowIsAnEvent() throws Exception {
    in("insert into card values (7, 'grüße')");
    in("update card set text = 'more' where id = 7");
    in("update card set text = 'more' where id = 7");
    in("delete from card where id = 7");

    Await.until("three", () -> events.size() == 3);
    assertThat(events)
        .extracting(Event::toString)
        .containsExactly(
            "card.inserted on project/42/card/7",
            "card.updated on project/42/card/7",
            "card.deleted on project/42/card/7");
    assertThat(events.get(0).data()).isEqualTo("{\"id\":7,\"text\":\"grüße\"}");
  }

  @Test
  void ofARowThatIsTooLargeTheKeyIsSent() throws Exception {
    in("insert into card values (1, repeat('ü', 4000))");
    in("insert into card values (2, repeat('x', 7800))");

    Await.until("two", () -> events.size() == 2);
    assertThat(events.get(0).data()).isEqualTo("{\"id\":1,\"partial\":true}");
    assertThat(events.get(1).data()).hasSizeGreaterThan(7800);
  }

  @Test
  void bothSidesHashALongNameAlike() throws Exception {
    for (String name :
        new String[] {"short", "x".repeat(63), "x".repeat(64), LONG, "ü".repeat(32)}) {
      try (Connection connection = DriverManager.getConnection(TestDatabase.url());
          PreparedStatement statement =
              connection.prepareStatement("select " + schema + ".eb_channel(?)")) {
        statement.setString(1, name);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          assertThat(PgNotifySource.channelName(name)).isEqualTo(row.getString(1));
        }
      }
    }
    assertThat(PgNotifySource.channelName("x".repeat(63))).isEqualTo("x".repeat(63));
    assertThat(PgNotifySource.channelName("ü".repeat(32))).startsWith("sha256.");
  }

  @Test
  void aTriggerWithoutItsArgumentsSaysSo() throws Exception {
    in("create table other (id int)");
    in(
        "create trigger other_changed after insert on other for each row"
            + " execute function eb_notify_row('channel')");

    assertThatThrownBy(() -> in("insert into other values (1)"))
        .hasMessageContaining("1 arguments (expected: channel, topic, key column)");
  }

  @Test
  void aLazySourceListensWhenTheDatabaseAnswers() throws Exception {
    try (FaultProxy proxy = new FaultProxy(TestDatabase.port())) {
      proxy.blackholeNew(true);
      PgNotifySource source =
          PgNotifySource.builder(TestDatabase.url(proxy.port()))
              .channel("lazy")
              .lazyStart(true)
              .build();
      broker.attach(source);
      assertThat(source.status().state()).isEqualTo(SourceStatus.State.CONNECTING);

      proxy.blackholeNew(false);
      proxy.cut();

      assertThat(source.awaitUp(Duration.ofSeconds(60))).isTrue();
      TestDatabase.execute(
          "select pg_notify('lazy', '{\"topic\": \"a\", \"type\": \"t\", \"data\": 1}')");
      Await.until("one", () -> events.size() == 1);
      assertThat(source.gauges()).containsEntry("queued", 0);
    }
  }
}
