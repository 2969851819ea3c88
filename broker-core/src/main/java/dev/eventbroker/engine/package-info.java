/**
 * The machinery behind {@link dev.eventbroker.Broker}; {@link dev.eventbroker.engine.BrokerBuilder}
 * is the only door.
 *
 * <p>In the order data meets them: {@code LogBroker} (puts the parts together) → {@code Log} (the
 * ring, one order) → {@code LaneRegistry} and {@code Lane} (one thread, reads the log once) →
 * {@code FilterIndex} (who asked for this topic) → {@code LaneSubscription} (the handshake and the
 * end) on {@code Reading} (a place, and "are you ready?") → the subscriber. Who is behind reads a
 * {@code Replay}; what somebody may see is in {@code Grants}.
 */
@NullMarked
package dev.eventbroker.engine;

import org.jspecify.annotations.NullMarked;
