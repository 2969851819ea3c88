/** Sessions over connections, in memory or in a JDBC store. */
@NullMarked
package dev.eventbroker.sessions;

import org.jspecify.annotations.NullMarked;
