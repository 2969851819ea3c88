package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Ending the server's process behind a lost connection, with the rights that a role has. */
class BackendTest {

  private static final Duration LONG = Duration.ofSeconds(30);

  @BeforeEach
  void makeRoles() throws SQLException {
    TestDatabase.execute("create role backend_owner");
    TestDatabase.execute("create role backend_login login in role backend_owner");
  }

  @AfterEach
  void dropRoles() throws SQLException {
    TestDatabase.execute("drop role backend_login, backend_owner");
  }

  @Test
  void aBackendOfTheSameRoleIsEnded() throws SQLException {
    try (Connection lost = login();
        Connection other = login()) {
      Backend backend = Backend.of(lost);

      assertThat(backend.end(other, LONG)).isTrue();
      assertThat(isThere(backend)).isFalse();
      assertThat(backend.end(other, LONG)).isTrue();
    }
  }

  /** As credentials of short life are made: each works as the role that owns everything. */
  @Test
  void aBackendThatTheRoleMayNotSeeIsNotTakenForEnded() throws SQLException {
    TestDatabase.execute("alter role backend_login set role = backend_owner");
    try (Connection lost = login();
        Connection other = login()) {
      Backend backend = Backend.of(lost);

      assertThat(backend.end(other, LONG)).isFalse();
      assertThat(isThere(backend)).isTrue();
      assertThat(
              TestDatabase.number("select pg_terminate_backend(" + backend.pid() + ", 30000)::int"))
          .isEqualTo(1);
      assertThat(backend.end(other, LONG)).isTrue();
    }
  }

  @Test
  void aBackendThatTheRoleMaySeeAndNotEndIsNotTakenForEnded() throws SQLException {
    TestDatabase.execute("alter role backend_login set role = backend_owner");
    TestDatabase.execute("grant pg_read_all_stats to backend_owner");
    try (Connection lost = login();
        Connection other = login()) {
      Backend backend = Backend.of(lost);

      assertThat(backend.end(other, LONG)).isFalse();
      assertThat(isThere(backend)).isTrue();
    }
  }

  private static boolean isThere(Backend backend) {
    return TestDatabase.number("select count(*) from pg_stat_activity where pid = " + backend.pid())
        == 1;
  }

  private static Connection login() throws SQLException {
    return DriverManager.getConnection(
        TestDatabase.url().replace("user=postgres", "user=backend_login"));
  }
}
