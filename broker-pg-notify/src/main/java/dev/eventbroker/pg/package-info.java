/**
 * PostgreSQL as the way between nodes. {@link dev.eventbroker.pg.PgBackplane} is the entry; {@link
 * dev.eventbroker.pg.PgSchema} makes the tables that it works on.
 *
 * <pre>
 *   publish(event) ──► PublishQueue ──► OutboxWorker ──store──► outbox ◄── publish(connection, event)
 *                                        │   ▲                    │
 *                        Inbound ◄─read──┘   │              eb_order_events()
 *                                            │                    ▼
 *                                        Listener ◄──NOTIFY──  ordered: positions without holes
 * </pre>
 *
 * <p>To read it: the SQL file first ({@code sql/V1__eventbroker.sql}: what an order is), then
 * {@code MessageRow} and {@code Outbox} (its statements), {@code OutboxWorker} (store, order, read)
 * with {@code OutboxWriter} (what became of what was stored) and {@code Housekeeping}, {@code
 * Listener} (when to look), {@code OutboxNode} and {@code PgBackplane} (the parts together), {@code
 * SnapshotJoin} (state and stream). How a connection lives and dies: {@code OwnedSockets}, {@code
 * Link} (one connection), {@code Lifeline} (one thread that keeps one), {@code Watchdog}, {@code
 * Crew} (all of a source, and a close that always ends).
 *
 * <p>{@link dev.eventbroker.pg.PgNotifySource} is the other door, for channels that somebody
 * notifies already: the same {@code Listener} and {@code Crew}, and a mapper behind a bounded
 * queue.
 *
 * <p>Threads of an instance: {@code -listener} and {@code -worker}, each the only one that ever
 * talks over its connection; {@code -watchdog}, which only looks at clocks and resets sockets;
 * {@code -results}, on which publishers hear what became of their events; {@code -mapper}, on which
 * a source's mapper is called. Locks are held for a few instructions and never while anything else
 * is called.
 */
@NullMarked
package dev.eventbroker.pg;

import org.jspecify.annotations.NullMarked;
