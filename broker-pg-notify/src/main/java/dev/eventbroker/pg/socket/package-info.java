/**
 * The raw sockets below our connections. Exported to the driver alone, which makes an {@link
 * dev.eventbroker.pg.socket.OwnedSocketFactory} by its name.
 */
@NullMarked
package dev.eventbroker.pg.socket;

import org.jspecify.annotations.NullMarked;
