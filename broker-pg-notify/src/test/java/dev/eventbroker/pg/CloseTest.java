package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.SourceStatus;
import dev.eventbroker.engine.BrokerBuilder;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * However a network or a server misbehaves, a close ends, says how, and leaves nothing: no thread,
 * no descriptor, no backend once the server can notice.
 */
class CloseTest {

  /** What is wrong while it is closed. */
  enum Trouble {
    NONE,
    BLACKHOLE,
    NOTHING_COMES_BACK,
    HALF_A_MESSAGE,
    FROZEN_BACKENDS,
    SERVER_IS_GONE,
    NO_ANSWER_TO_A_NEW_CONNECTION
  }

  private static final String[] ENDINGS = {
    "closed", "closed by force: a connection did not answer"
  };

  private final List<Long> frozen = new ArrayList<>();
  private String schema;
  private Leftovers before;
  private FaultProxy proxy;

  static Stream<Arguments> troubles() {
    return Stream.of(Trouble.values())
        .flatMap(
            trouble ->
                Stream.of(Arguments.of(trouble, "disable"), Arguments.of(trouble, "require")));
  }

  @BeforeEach
  void newSchema() throws Exception {
    schema = TestDatabase.newSchema();
    before = new Leftovers();
    proxy = new FaultProxy(TestDatabase.port());
  }

  @AfterEach
  void closeProxy() throws IOException {
    thaw();
    proxy.close();
  }

  @Row({4, 6, 7, 8, 11})
  @ParameterizedTest
  @MethodSource("troubles")
  void aBackplanesCloseEndsAndLeavesNothing(Trouble trouble, String sslMode) throws Exception {
    Node node =
        Node.on(
            schema,
            url(sslMode),
            builder ->
                builder
                    .canaryInterval(Duration.ofMillis(200))
                    .canaryTimeout(Duration.ofMillis(500))
                    .closeTimeout(Duration.ofSeconds(1)));
    make(trouble, node.backplane.name());
    if (trouble == Trouble.SERVER_IS_GONE || trouble == Trouble.NO_ANSWER_TO_A_NEW_CONNECTION) {
      Await.until("lost", () -> node.backplane.status().state() == SourceStatus.State.CONNECTING);
    }

    Await.of(Await.async(node::close));

    assertThat(node.backplane.status().state()).isEqualTo(SourceStatus.State.CLOSED);
    assertThat(node.backplane.status().detail()).isIn((Object[]) ENDINGS);
    assertNothingIsLeftOf(node.backplane.name());
  }

  @Row({4, 6, 7, 8, 11})
  @ParameterizedTest
  @MethodSource("troubles")
  void aSourcesCloseEndsAndLeavesNothing(Trouble trouble, String sslMode) throws Exception {
    PgNotifySource source =
        PgNotifySource.builder(url(sslMode))
            .channel("close")
            .canaryInterval(Duration.ofMillis(200))
            .canaryTimeout(Duration.ofMillis(500))
            .closeTimeout(Duration.ofSeconds(1))
            .build();
    Broker broker = new BrokerBuilder().build();
    broker.attach(source);
    make(trouble, source.name());
    if (trouble == Trouble.SERVER_IS_GONE || trouble == Trouble.NO_ANSWER_TO_A_NEW_CONNECTION) {
      Await.until("lost", () -> source.status().state() == SourceStatus.State.CONNECTING);
    }

    Await.of(Await.async(broker::close));

    assertThat(source.status().state()).isEqualTo(SourceStatus.State.CLOSED);
    assertThat(source.status().detail()).isIn((Object[]) ENDINGS);
    assertNothingIsLeftOf(source.name());
  }

  private String url(String sslMode) {
    return TestDatabase.url(proxy.port()).replace("sslmode=disable", "sslmode=" + sslMode);
  }

  private void make(Trouble trouble, String name) throws Exception {
    switch (trouble) {
      case NONE -> {}
      case BLACKHOLE -> proxy.blackhole();
      case NOTHING_COMES_BACK -> proxy.passFromServer(0);
      case HALF_A_MESSAGE -> {
        proxy.passFromServer(1);
        TestDatabase.execute(
            "select pg_notify('close', 'x'), pg_notify('"
                + schema
                + ".eb_ordered', '77'), pg_notify('"
                + schema
                + ".eb_committed', '')");
        Await.until("half a message", proxy::areAllStarved);
      }
      case FROZEN_BACKENDS -> freeze(name);
      case SERVER_IS_GONE -> proxy.close();
      case NO_ANSWER_TO_A_NEW_CONNECTION -> {
        proxy.blackholeNew(true);
        proxy.cut();
      }
    }
  }

  private void freeze(String name) throws Exception {
    try (Connection connection = TestDatabase.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select pid from pg_stat_activity where starts_with(application_name, '"
                    + name
                    + "')")) {
      while (rows.next()) {
        frozen.add(rows.getLong(1));
        Signals.send("STOP", rows.getLong(1));
      }
    }
  }

  private void thaw() throws IOException {
    for (long pid : frozen) {
      Signals.send("CONT", pid);
    }
    frozen.clear();
  }

  private void assertNothingIsLeftOf(String name) throws IOException {
    assertThat(Leftovers.threads(name + "-listener")).isEmpty();
    assertThat(Leftovers.threads(name + "-worker")).isEmpty();
    // A frozen server can't notice anything, nor one that a dead network lies before.
    thaw();
    proxy.close();
    before.assertNoneOf(name, () -> TestDatabase.backends(name));
  }
}
