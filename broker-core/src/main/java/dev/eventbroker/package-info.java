/**
 * The nouns and the contracts: what is published ({@link dev.eventbroker.Event} on a {@link
 * dev.eventbroker.Topic}), who asks for it ({@link dev.eventbroker.Subscriber}, {@link
 * dev.eventbroker.Subscription}), who brings it from elsewhere ({@link
 * dev.eventbroker.EventSource}, {@link dev.eventbroker.Backplane}) and who is there ({@link
 * dev.eventbroker.Connections}).
 *
 * <pre>
 *   request thread ── publish ──────────────┐
 *   request thread ── detached().submit ────┤            one order, position = id
 *   EventSource ──────── Inbound ───────────┴──►  log  ──────────────┬──────────────┐
 *                                                                    ▼              ▼
 *                                                                  lane           lane        one thread each
 *                                                                 │    │            │
 *                                                                 ▼    ▼            ▼
 *                                                            Subscription = a place + "ready?"  ──►  Subscriber
 * </pre>
 *
 * <p>Start at {@link dev.eventbroker.Broker}; make one with {@code
 * dev.eventbroker.engine.BrokerBuilder}. This package holds no machinery and imports none of it.
 */
@NullMarked
package dev.eventbroker;

import org.jspecify.annotations.NullMarked;
