package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.BrokerException;
import dev.eventbroker.pg.socket.OwnedSockets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What is wrong from the beginning is said in one sentence, and nothing stays behind. */
class PgBackplaneStartTest {

  @Test
  void aMissingSchemaIsNamed() {
    assertRefused(
        PgBackplane.builder(TestDatabase.url()).schema("not there"),
        "schema \"not there\": missing (expected: version 1, made by PgSchema.apply)");
  }

  @Test
  void aMissingDatabaseIsNamed() {
    assertRefused(
        PgBackplane.builder(TestDatabase.url().replace("/postgres", "/nowhere")),
        "no such database");
  }

  @Test
  void aRefusedUserIsNamed() {
    assertRefused(
        PgBackplane.builder(TestDatabase.url()).user("nobody").password(() -> "wrong"),
        "user or password refused");
  }

  @Row(12)
  @Test
  void aClosedPortIsNamed() {
    assertRefused(
        PgBackplane.builder("jdbc:postgresql://localhost:1/postgres").user("postgres"),
        "can't use localhost:1/postgres");
  }

  /** The driver, and who is asked for the password, may miss a class. */
  @Test
  void anErrorIsToldAtOnce() {
    assertRefused(
        PgBackplane.builder(TestDatabase.url())
            .password(
                () -> {
                  throw new NoClassDefFoundError("some/Class");
                }),
        "some/Class");
  }

  @Test
  void aUrlOfSomethingElseIsRefused() {
    assertThatThrownBy(() -> PgBackplane.builder("jdbc:h2:mem:x?password=secret").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("jdbcUrl: \"jdbc:h2:mem:x\" (expected: jdbc:postgresql://host:port/database)");
  }

  @Test
  void twoNodesMayApplyTheSchemaAtOnce() throws Exception {
    CompletableFuture<?>[] both = new CompletableFuture<?>[4];
    for (int i = 0; i < both.length; i++) {
      both[i] = Await.async(() -> apply("odd \"name\""));
    }

    Await.of(CompletableFuture.allOf(both));

    try (Node node = Node.on("odd \"name\"")) {
      assertThat(node.publish("works").position()).isEqualTo(1);
    }
  }

  /** Where a snapshot is taken for a whole transaction, it is older than the lock waited for. */
  @Test
  void twoNodesMayApplyTheSchemaAtOnceWhateverTheDefaultIsolation() throws Exception {
    String url = TestDatabase.url() + "&options=-c%20default_transaction_isolation=serializable";
    CompletableFuture<?>[] all = new CompletableFuture<?>[4];
    try (Connection first = DriverManager.getConnection(url);
        Statement statement = first.createStatement()) {
      first.setAutoCommit(false);
      statement.execute("select pg_advisory_xact_lock(" + PgSchema.LOCK + ")");
      for (int i = 0; i < all.length; i++) {
        all[i] = Await.async(() -> apply(url, "isolated"));
      }
      Await.until(
          "two wait",
          () ->
              TestDatabase.number(
                      "select count(*) from pg_locks where locktype = 'advisory' and not granted")
                  >= 2);
    }

    Await.of(CompletableFuture.allOf(all));
  }

  private static void apply(String schema) {
    apply(TestDatabase.url(), schema);
  }

  private static void apply(String url, String schema) {
    try (Connection connection = DriverManager.getConnection(url)) {
      PgSchema.apply(connection, schema);
      PgSchema.check(connection, schema);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertRefused(PgBackplane.Builder builder, String why) {
    PgBackplane backplane = builder.build();

    assertThatThrownBy(() -> backplane.start(new NoInbound()))
        .isInstanceOf(BrokerException.class)
        .hasMessageContaining(why);

    assertThat(OwnedSockets.claimed()).isZero();
    Await.until("no backend", () -> TestDatabase.backends(backplane.name()) == 0);
    Await.until(
        "no thread",
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith(backplane.name())));
  }
}
