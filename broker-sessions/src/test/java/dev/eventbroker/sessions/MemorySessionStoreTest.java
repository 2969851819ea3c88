package dev.eventbroker.sessions;

import dev.eventbroker.testing.ManualTimer;
import java.time.Duration;

class MemorySessionStoreTest extends SessionStoreContract {

  private final ManualTimer clock = new ManualTimer();
  private final MemorySessionStore store = new MemorySessionStore(clock);

  @Override
  SessionStore store() {
    return store;
  }

  @Override
  void pass(Duration time) {
    clock.advance(time);
  }
}
