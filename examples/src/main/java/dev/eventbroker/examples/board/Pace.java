package dev.eventbroker.examples.board;

import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sessions.EditSessions;
import dev.eventbroker.sse.SseEndpoint;
import java.time.Duration;

/**
 * How fast the demo notices what is gone. Short times are for tests and for who does not want to
 * wait.
 *
 * @param heartbeat how often owners are touched
 * @param sessionTimeout how long a lock lasts without that
 * @param streamLifetime how long a stream lasts: whoever is cut off without a word is found out by
 *     not coming back after it
 */
record Pace(Duration heartbeat, Duration sessionTimeout, Duration streamLifetime) {

  static final Pace DEFAULT =
      new Pace(
          BrokerBuilder.DEFAULT_HEARTBEAT,
          EditSessions.DEFAULT_TIMEOUT,
          SseEndpoint.Builder.DEFAULT_MAX_LIFETIME);

  /** Never later than the timeout itself. */
  Duration sweepInterval() {
    Duration usual = EditSessions.DEFAULT_SWEEP_INTERVAL;
    return usual.compareTo(heartbeat) > 0 ? heartbeat : usual;
  }

  Pace withHeartbeat(Duration interval) {
    return new Pace(interval, sessionTimeout, streamLifetime);
  }

  Pace withSessionTimeout(Duration timeout) {
    return new Pace(heartbeat, timeout, streamLifetime);
  }

  Pace withStreamLifetime(Duration lifetime) {
    return new Pace(heartbeat, sessionTimeout, lifetime);
  }
}
