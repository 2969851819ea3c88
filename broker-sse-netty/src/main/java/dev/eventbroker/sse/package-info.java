/**
 * Server-Sent Events on Netty: HTTP in, {@code text/event-stream} out.
 *
 * <pre>
 *   codec ──► (exchange, while there is a request) ──► SseEndpoint ──► the host's own handlers
 *                 │ authoriser: who is it, and what may it see?
 *                 ▼
 *             stream = Subscriber on the channel's event loop  ──►  frame: shared bytes
 * </pre>
 *
 * <p>Start at {@link dev.eventbroker.sse.SseEndpoint}, a handler for anybody's pipeline; {@link
 * dev.eventbroker.sse.SseServer} is one around it. {@link dev.eventbroker.sse.SseAuthorizer}
 * decides about an {@link dev.eventbroker.sse.SseRequest} with an {@link
 * dev.eventbroker.sse.SseDecision}; {@link dev.eventbroker.sse.SseLimits} and {@link
 * dev.eventbroker.sse.SseCors} are what else may be said. Then read {@code SseExchange} (a request
 * and its end), {@code SseStream} (a subscriber and its line), {@code SseFrame} (a block of the
 * stream), and {@code WireFrame} and {@code Wire} (its way to the socket).
 */
@NullMarked
package dev.eventbroker.sse;

import org.jspecify.annotations.NullMarked;
