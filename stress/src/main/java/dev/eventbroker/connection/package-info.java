/** Stress tests of counting connections. */
@NullMarked
package dev.eventbroker.connection;

import org.jspecify.annotations.NullMarked;
