package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.SourceStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The password is changed in the database first and becomes known here later. */
class RotatedPasswordTest {

  @Row(33)
  @Test
  void theOldPasswordIsNamedAsRefusedAndTheNewOneIsAskedFor(@TempDir Path data) throws Exception {
    try (OwnServer server = new OwnServer(data).withSchema()) {
      server.execute("create role rotated login password 'old'");
      server.execute("grant usage on schema eventbroker to rotated");
      server.execute("grant all on all tables in schema eventbroker to rotated");
      Path rules = data.resolve("pg_hba.conf");
      Files.writeString(rules, "host all rotated all scram-sha-256\n" + Files.readString(rules));
      server.execute("select pg_reload_conf()");
      AtomicReference<String> secret = new AtomicReference<>("old");
      try (Node node =
          Node.on(
              PgSchema.DEFAULT_NAME,
              server.url(),
              builder -> builder.user("rotated").password(secret::get))) {
        Node.Received received = node.subscribe();
        node.publish("before");

        server.execute("alter role rotated password 'new'");
        server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotated'");
        Await.until(
            "refused, on both connections",
            () ->
                node.backplane.status().detail().split("user or password refused", -1).length == 3);
        assertThat(node.backplane.status().state()).isEqualTo(SourceStatus.State.CONNECTING);
        assertThat(node.backplane.status().detail()).doesNotContain("old").doesNotContain("new");
        var meanwhile = node.broker.publish(Node.event("meanwhile"));

        secret.set("new");
        Await.of(meanwhile);
        Await.until("up", () -> node.backplane.status().state() == SourceStatus.State.UP);
        assertThat(received.await(2).data()).containsExactly("before", "meanwhile");
        assertThat(received.gaps).isEmpty();
      }
    }
  }
}
