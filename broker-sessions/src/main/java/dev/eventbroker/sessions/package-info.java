/**
 * Edit sessions: one owner (a workstation, a tab) holds a resource, others may be there beside it,
 * and their connections are the heartbeat that keeps them. Nothing depends on timers of the client;
 * a client that crashed cannot leave a lock behind for longer than the timeout.
 *
 * <pre>
 *   Connections ── opens, closes, ticks ──►  OwnerWatch   sets, on the callers' threads, never blocking
 *   timer ─── sweep, roll call is due ────┐      │
 *                                         ▼      ▼
 *                                      SessionWorker      one turn at a time, on the thread for blocking work
 *                                            │ touch, detach, roll call, settle, forget, sweep
 *   EditSessions ── acquire, release ──►  SessionStore    memory, or Postgres on the database's clock
 *                                            │
 *                                            ▼
 *                        events: stored with the change (EventOutbox), or published after it
 * </pre>
 *
 * <p>Read {@link dev.eventbroker.sessions.EditSessions} first, then the contract in {@link
 * dev.eventbroker.sessions.SessionStore} and its plain form, {@link
 * dev.eventbroker.sessions.MemorySessionStore}; then {@code OwnerWatch} and {@code SessionWorker};
 * {@link dev.eventbroker.sessions.JdbcSessionStore} last, with the SQL and what keeps it from
 * deadlocks in {@code SessionSql}.
 */
@NullMarked
package dev.eventbroker.sessions;

import org.jspecify.annotations.NullMarked;
