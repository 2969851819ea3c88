/** Server-Sent Events on Netty: HTTP in, {@code text/event-stream} out. */
@NullMarked
package dev.eventbroker.sse;

import org.jspecify.annotations.NullMarked;
