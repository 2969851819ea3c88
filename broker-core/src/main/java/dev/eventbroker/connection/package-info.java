/**
 * The live clients of this node and the heartbeat that tells of them. Not exported: see {@code
 * Connections}.
 */
@NullMarked
package dev.eventbroker.connection;

import org.jspecify.annotations.NullMarked;
