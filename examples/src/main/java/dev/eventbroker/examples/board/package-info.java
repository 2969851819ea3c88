/**
 * The board: two nodes, one Postgres, any number of browsers. Start at {@code BoardDemo}; a node is
 * put together in {@code BoardNode}; what a browser asks for is answered by {@code BoardAuthorizer}
 * (the stream) and {@code BoardApi} (everything else); {@code Cards} shows publishing in the
 * transaction that changes the data.
 */
@NullMarked
package dev.eventbroker.examples.board;

import org.jspecify.annotations.NullMarked;
