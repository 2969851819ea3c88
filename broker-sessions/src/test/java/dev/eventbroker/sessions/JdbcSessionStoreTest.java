package dev.eventbroker.sessions;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;

class JdbcSessionStoreTest extends SessionStoreContract {

  private final TestDatabase database = new TestDatabase();
  private final JdbcSessionStore store = database.store().build();

  @BeforeEach
  void migrate() {
    store.migrate();
  }

  @Override
  SessionStore store() {
    return store;
  }

  /** The clock stands and what it was read for moves back. */
  @Override
  void pass(Duration time) {
    String back = " - interval '" + time.toMillis() + " milliseconds'";
    database.execute(
        "update {s}.eb_session set touched_at = touched_at" + back,
        "update {s}.eb_presence set seen_at = seen_at" + back,
        "update {s}.eb_node set seen_at = seen_at" + back,
        "update {s}.eb_lost set ended_at = ended_at" + back,
        "update {s}.eb_pulse set last_pulse = last_pulse"
            + back
            + ", resumed_at = resumed_at"
            + back
            + ", mass_since = mass_since"
            + back);
  }
}
